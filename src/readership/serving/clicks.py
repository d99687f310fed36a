"""`POST /v1/clicks/score`: how likely a reader is to click on each of some articles, wherever they will stand."""

import asyncio
from datetime import UTC, datetime
from time import time_ns
from typing import Annotated, Any

import msgspec
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from readership.events.identity import reader_key
from readership.features.clicks.store import ClicksTable, Context, Reader, features
from readership.features.clicks.subject import ARTICLES
from readership.features.state import PERSONALISATION
from readership.serving.answers import ClicksAnswer
from readership.serving.desk import Desk
from readership.serving.live_clicks import TASK, ClicksNow, LiveClicks
from readership.serving.openapi import problems
from readership.serving.predictions import Prediction
from readership.serving.problems import Problem

MOST_ARTICLES = 1_000
AT_ONCE = 50
"""Articles scored on the event loop; more of them are scored beside it."""


class Shown(BaseModel):
    """Where the articles would be shown; whatever is left out is not known."""

    model_config = ConfigDict(extra="forbid")
    placement: Annotated[str | None, Field(examples=["front"])] = None
    device_type: Annotated[str | None, Field(examples=["mobile"])] = None
    brand: str | None = None
    referrer: str | None = None
    hour: Annotated[int | None, Field(ge=0, le=23, description="of the day, UTC; by default the present one")] = None


class ClicksAsked(BaseModel):
    """A reader, and what they may be shown."""

    model_config = ConfigDict(extra="forbid")
    reader_id: Annotated[str | None, Field(description="the publisher's own id; null where nobody is known")] = None
    article_ids: Annotated[list[str], Field(min_length=1, max_length=MOST_ARTICLES)]
    context: Shown = Shown()


class _Scored(msgspec.Struct):
    """The fields of `answers.ScoredArticle`."""

    article_id: str
    probability: float
    known: bool


def add_clicks(app: FastAPI, clicks: LiveClicks, desk: Desk) -> None:
    """Add the route."""

    @app.post(
        "/v1/clicks/score",
        tags=["clicks"],
        summary="Probability of a click on each article",
        response_model=ClicksAnswer,
        responses=problems(401, 422, 503),
    )
    async def score(asked: ClicksAsked) -> Response:
        """Without the position: what article and reader are worth in this placement. In the order asked.

        An article or a reader that is not known is answered from what is known of the rest, and `known` says so.
        """
        now = clicks.now
        if now.bundle is None or now.table is None:
            code, detail = now.trouble or ("not_ready", "the model is being read; ask again in a second")
            raise Problem(503, code, detail, {"Retry-After": "5"})
        few = len(asked.article_ids) <= AT_ONCE
        found = answer(now, asked, desk) if few else await asyncio.to_thread(answer, now, asked, desk)
        return Response(msgspec.json.encode(found), media_type="application/json")


def answer(now: ClicksNow, asked: ClicksAsked, desk: Desk) -> dict[str, Any]:
    """The fields of `answers.ClicksAnswer`."""
    table = now.table
    assert now.bundle is not None
    assert table is not None
    manifest = now.bundle.manifest
    items = [table.item(article) for article in asked.article_ids]
    reader = _reader(table, asked.reader_id, desk)
    context = _context(now, asked.context)
    matrix = features(ARTICLES, manifest.features, manifest.categories, items, reader, context)
    chances: list[float] = np.round(now.bundle.score(matrix), 6).tolist()
    prediction = Prediction(
        decision_id=desk.predictions.new_id(),
        user_id=reader_key(asked.reader_id) if reader is not None and asked.reader_id else 0,
        task=TASK,
        model_version=manifest.version,
        features_as_of=table.version.meta.as_of,
        inputs_hash="",
        score=max(chances),
        propensity=None,
        at=datetime.now(UTC),
    )
    desk.predictions.decided(prediction, matrix)
    return {
        "reader_id": asked.reader_id,
        "reader_known": reader is not None,
        "model_version": manifest.version,
        "counts_as_of": table.version.meta.as_of,
        "articles": [
            _Scored(article, chance, item is not None)
            for article, chance, item in zip(asked.article_ids, chances, items, strict=True)
        ],
    }


def _reader(table: ClicksTable, reader_id: str | None, desk: Desk) -> Reader | None:
    """What is known of the reader, unless they have said since that they do not agree to personalisation."""
    if reader_id is None:
        return None
    key = reader_key(reader_id)
    stated = desk.consent(key)
    return None if stated is not None and not stated & PERSONALISATION else table.reader(key)


def _context(now: ClicksNow, shown: Shown) -> Context:
    at_ms = time_ns() // 1_000_000 - now.time.behind_ms
    if shown.hour is not None:
        at_ms += (shown.hour - at_ms // 3_600_000 % 24) * 3_600_000
    return Context(at_ms, shown.placement, shown.device_type, shown.brand, shown.referrer)
