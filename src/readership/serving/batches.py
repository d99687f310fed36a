"""`POST /v1/readers/churn` and the like: up to 1,000 readers in one question, and one run of the model for all of them.

Slates are not asked for in batches: each takes as long as a request of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI
from pydantic import BaseModel, Field, create_model
from starlette.requests import Request
from starlette.responses import Response

from readership.events.identity import reader_key
from readership.serving.answers import ChurnAnswer, ConversionAnswer, EngagementAnswer, SegmentAnswer
from readership.serving.churn import churn_answer
from readership.serving.conversion import conversion_answer
from readership.serving.engagement import engagement_answer
from readership.serving.explain import Explanation
from readership.serving.openapi import problems
from readership.serving.problems import Problem
from readership.serving.readers import Answer, Asked, answering, predictions_of, stored_reasons, withdrew
from readership.serving.segment import segment_answer

MOST_READERS, LONGEST_ID = 1_000, 500
AT_ONCE = 20
"""Readers scored on the event loop; more of them are scored beside it."""
BATCHES: tuple[tuple[str, str, Answer, type[BaseModel]], ...] = (
    ("churn", "churn", churn_answer, ChurnAnswer),
    ("conversion", "conversion", conversion_answer, ConversionAnswer),
    ("engagement", "engagement", engagement_answer, EngagementAnswer),
    ("segment", "segmentation", segment_answer, SegmentAnswer),
)
"""What can be asked about many readers: the last part of the path, the task, what answers, how that is documented."""


class ReadersAsked(BaseModel):
    """Whom a batch asks about."""

    reader_ids: Annotated[
        list[Annotated[str, Field(max_length=LONGEST_ID)]],
        Field(min_length=1, max_length=MOST_READERS, examples=[["42", "43"]], description="the publisher's own ids"),
    ]


class _Asked(msgspec.Struct, forbid_unknown_fields=True):
    reader_ids: list[Annotated[str, msgspec.Meta(max_length=LONGEST_ID)]]


_read = msgspec.json.Decoder(_Asked).decode
_encode = msgspec.json.Encoder().encode


def add_batches(app: FastAPI) -> None:
    """Add a route for each of `BATCHES`."""
    for path, task, answer, model in BATCHES:
        app.add_api_route(
            f"/v1/readers/{path}",
            _route(task, answer),
            methods=["POST"],
            tags=["readers"],
            summary=f"{path.capitalize()} of at most 1,000 readers",
            response_model=_documented(path, model),
            responses=problems(401, 413, 422, 503),
            openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": _SCHEMA}}}},
        )


_SCHEMA = ReadersAsked.model_json_schema()


def _documented(path: str, model: type[BaseModel]) -> type[BaseModel]:
    answers: Any = (list[model], Field(description="in the order asked, of the readers who are known"))  # type: ignore[valid-type]
    unknown: Any = (list[str], Field(description="readers of whom there are no features, who withdrew, or were erased"))
    return create_model(f"{path.capitalize()}Answers", answers=answers, unknown=unknown)


def _route(task: str, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    async def many(request: Request) -> Response:
        """Every answer is what the route of one reader says; readers without features are named in `unknown`."""
        readers = readers_of(await request.body())
        asked, unknown = _found(request, task, readers)
        if len(asked) <= AT_ONCE:
            body = _answered(asked, unknown, answer)
        else:
            body = await asyncio.to_thread(_answered, asked, unknown, answer)
        return Response(body, media_type="application/json")

    return many


def readers_of(body: bytes) -> list[str]:
    """The ids of a request's body. Raises Problem: 422 where it is none, 413 where they are too many."""
    try:
        readers = _read(body).reader_ids
    except msgspec.DecodeError as error:
        example = '{"reader_ids": ["42", "43"]}'
        raise Problem(422, "request_invalid", f"the body cannot be read: {error}; send {example}") from error
    if len(readers) > MOST_READERS:
        detail = f"{len(readers):,} readers are asked about; send {MOST_READERS:,} at most in one request"
        raise Problem(413, "too_many_readers", detail)
    if not readers:
        raise Problem(422, "request_invalid", "`reader_ids` is empty; name one reader at least")
    return readers


def _found(request: Request, task: str, readers: list[str]) -> tuple[list[tuple[Asked, Explanation]], list[str]]:
    scorer, uplift, store = answering(request, task)
    predictions, desk = predictions_of(request), request.scope["app"].state.desk
    found, unknown = [], []
    for reader_id in readers:
        key = reader_key(reader_id)
        row = store.features.get(key)
        if row is None or withdrew(desk, key):
            unknown.append(reader_id)
            continue
        asked = Asked(reader_id, scorer, row, key, predictions, uplift)
        found.append((asked, stored_reasons(task, store.features, key, asked)))
    return found, unknown


def _answered(asked: list[tuple[Asked, Explanation]], unknown: list[str], answer: Answer) -> bytes:
    """The answers of all readers as JSON: each model is run once."""
    rows = [one.row for one, _ in asked]
    scored = asked[0][0].scorer.answers(rows) if asked else []
    uplift = asked[0][0].uplift if asked else None
    added = uplift.answers(rows) if uplift else [None] * len(rows)
    answers = [
        answer(one._replace(scored=score, adds=adds), why)
        for (one, why), score, adds in zip(asked, scored, added, strict=True)
    ]
    return _encode({"answers": answers, "unknown": unknown})
