"""`GET /v1/readers/{reader_id}/churn`: one read of the online store, one run of the model, one JSON answer."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from readership.events.identity import reader_key
from readership.features.online import OnlineFeatures, Row
from readership.serving.explain import Explanation, explain
from readership.serving.live_models import LiveModels, Snapshot
from readership.serving.problems import Problem
from readership.serving.scorer import Scorer, risk_band

ReaderId = Annotated[str, Path(description="the publisher's own reader id; any text", examples=["42"])]
Reasons = Annotated[
    Literal["stored", "live"],
    Query(
        description="`stored`: as computed when readers were last scored in batch, null where that was for another "
        "model version or other features; `live`: computed now, in milliseconds rather than microseconds"
    ),
]
_NOT_STORED = Explanation(
    None,
    "none are stored for this reader, model version and features; `readership batch-score churn` stores those of the "
    "readers most at risk; `?reasons=live` computes them",
)


class _Answer(msgspec.Struct):
    """The fields of `answers.ChurnAnswer`, encoded without validating what we made ourselves."""

    reader_id: str
    task: str
    population: str
    in_population: bool | None
    horizon_days: int
    probability: float
    band: str
    reasons: tuple[str, ...] | None
    reasons_note: str | None
    model_version: str
    features_as_of: datetime
    answered_at: datetime


_encode = msgspec.json.Encoder().encode


def churn(request: Request, reader_id: ReaderId, reasons: Reasons = "stored") -> Response | Awaitable[Response]:
    """How likely this reader is to stop coming within the horizon."""
    models: LiveModels = request.scope["app"].state.models
    now = models.now
    scorer, store = now.tasks["churn"].scorer, now.store
    if scorer is None or store is None:
        raise _cannot_answer(now)
    if reasons not in ("stored", "live"):
        raise Problem(422, "request_invalid", f"query reasons is {reasons!r}; it must be `stored` or `live`")
    reader = reader_key(reader_id)
    row = store.features.get(reader)
    if row is None:
        raise _reader_unknown(reader_id, store.features)
    if reasons == "live":
        return _explained(reader_id, scorer, row)
    return _answer(reader_id, scorer, row, _stored(store.features, reader, row, scorer.bundle.manifest.version))


async def _explained(reader_id: str, scorer: Scorer, row: Row) -> Response:
    """The same answer with reasons computed now, beside the event loop."""
    return _answer(reader_id, scorer, row, await asyncio.to_thread(explain, scorer, row))


def _answer(reader_id: str, scorer: Scorer, row: Row, why: Explanation) -> Response:
    manifest = scorer.bundle.manifest
    probability = scorer.probability(row)
    answer = _Answer(
        reader_id=reader_id,
        task=manifest.task,
        population=manifest.population,
        in_population=scorer.in_population(row),
        horizon_days=manifest.horizon_days,
        probability=probability,
        band=risk_band(probability),
        reasons=why.reasons,
        reasons_note=why.note,
        model_version=manifest.version,
        features_as_of=row.as_of,
        answered_at=datetime.now(UTC),
    )
    return Response(_encode(answer), media_type="application/json")


def _stored(online: OnlineFeatures, reader: int, row: Row, version: str) -> Explanation:
    """Reasons of this reader, unless they are of another model version or of features at another time."""
    stored = online.get_reasons("churn", reader)
    if stored is None or stored.model_version != version or stored.as_of != row.as_of:
        return _NOT_STORED
    return Explanation(stored.reasons, None)


def _cannot_answer(now: Snapshot) -> Problem:
    """503 with the first trouble there is, which names the next step."""
    code, detail = (
        now.troubles[0] if now.troubles else ("not_ready", "the models are being read; ask again in a second")
    )
    return Problem(503, code, detail, {"Retry-After": "5"})


def _reader_unknown(reader_id: str, online: OnlineFeatures) -> Problem:
    as_of = f"{online.meta.as_of:%Y-%m-%dT%H:%M:%SZ}"
    detail = (
        f"reader {reader_id!r} has no features as of {as_of}: never seen before that, or "
        "without consent to personalisation; check the id, or `readership ingest` newer events and then "
        "`readership features build`"
    )
    return Problem(404, "reader_unknown", detail)
