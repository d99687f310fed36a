"""`PUT /v1/articles/{article_id}`: an article is published, changed or withdrawn, in every worker within seconds."""

import asyncio
from datetime import UTC, datetime
from time import time_ns
from typing import Annotated

import msgspec
from fastapi import FastAPI, Path
from pydantic import BaseModel, ConfigDict, Field

from readership.errors import StoreError
from readership.models.recommendation.nouns import Article
from readership.serving.answers import ArticleAnswer
from readership.serving.desk import Desk
from readership.serving.live_recommender import article_content
from readership.serving.openapi import problems
from readership.serving.problems import Problem

_Name = Annotated[str, Field(max_length=200)]


class ArticleBody(BaseModel):
    """An article as it is from now on; what is left out is empty. Times are ISO 8601, UTC where they name no zone."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "title": "Night trains to Rome are back",
                "body": "From December on …",
                "brand": "Kurier",
                "category": "travel",
                "author": "A. Huber",
                "topics": ["trains", "Italy"],
                "article_type": "story",
                "paywalled": False,
                "published_at": "2026-10-01T09:30:00Z",
                "withdrawn_at": None,
            }
        },
    )
    title: Annotated[str, Field(max_length=1000)] = ""
    body: str = ""
    brand: _Name = ""
    category: _Name = ""
    author: _Name = ""
    topics: Annotated[list[_Name], Field(max_length=50)] = []
    article_type: _Name = ""
    paywalled: bool = False
    published_at: Annotated[
        datetime | None, Field(description="by default as it was put before, else the time of this request")
    ] = None
    withdrawn_at: Annotated[datetime | None, Field(description="from then on it is not recommended; null: never")] = (
        None
    )


ArticleId = Annotated[str, Path(description="the publisher's own article id; any text", examples=["a1"])]


def add_articles(app: FastAPI, desk: Desk) -> None:
    """Add the route."""

    @app.put(
        "/v1/articles/{article_id:any}",
        tags=["articles"],
        summary="Publish, change or withdraw an article",
        responses=problems(401, 413, 422, 503),
    )
    async def put_article(article_id: ArticleId, article: ArticleBody) -> ArticleAnswer:
        """Answered once it is on disk; every worker knows it within a second. The warehouse gets it by ingest."""
        now_ms = time_ns() // 1_000_000
        recording = desk.recording()
        try:
            before = recording.state.article(article_id)
            made = _made(article_id, article, before, now_ms)
            told = msgspec.json.encode(_told(made, now_ms))
            change = await asyncio.to_thread(recording.article, article_id, article_content(made), told, now_ms)
        except StoreError as error:
            raise Problem(503, error.code, str(error), {"Retry-After": "5"}) from error
        return ArticleAnswer(
            article_id=article_id,
            change=change,
            published_at=_time(made.published_ms),
            withdrawn_at=None if made.withdrawn_ms is None else _time(made.withdrawn_ms),
        )


def _made(article_id: str, body: ArticleBody, before: bytes | None, now_ms: int) -> Article:
    published = _ms(body.published_at)
    if published is None:
        published = msgspec.json.decode(before, type=Article).published_ms if before else now_ms
    withdrawn = _ms(body.withdrawn_at)
    if withdrawn is not None and withdrawn < published:
        raise Problem(
            422,
            "request_invalid",
            f"article {article_id!r}: withdrawn_at lies before published_at; nothing was changed",
        )
    return Article(
        article_id=article_id,
        published_ms=published,
        brand=body.brand,
        category=body.category,
        author=body.author,
        article_type=body.article_type,
        topics=tuple(body.topics),
        title=body.title,
        body=body.body,
        paywalled=body.paywalled,
        withdrawn_ms=withdrawn,
    )


def _told(article: Article, now_ms: int) -> dict[str, object]:
    """The article as a row of the table `articles`, known since now."""
    row: dict[str, object] = article._asdict()
    published, withdrawn = row.pop("published_ms"), row.pop("withdrawn_ms")
    row |= {"published_at": published, "received_at": now_ms, "topics": list(article.topics)}
    return row if withdrawn is None else row | {"withdrawn_at": withdrawn}


def _ms(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _time(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
