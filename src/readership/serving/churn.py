"""`GET /v1/readers/{reader_id}/churn`: one read of the online store, one run of the model, one JSON answer."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from readership.events.identity import reader_key
from readership.features.online import OnlineFeatures, Row
from readership.serving.live_models import LiveModels, Snapshot
from readership.serving.problems import Problem
from readership.serving.scorer import risk_band

ReaderId = Annotated[str, Path(description="the publisher's own reader id; any text", examples=["42"])]
Reasons = Annotated[
    Literal["stored", "live"],
    Query(description="`stored`: the exact contributions computed when the readers were last scored in batch"),
]
_NOT_STORED = "none are stored for this model version and these features; `readership batch-score churn` stores them"
_NOT_LIVE = "exact contributions need the library that trained the model, which the API does not hold; ask for `stored`"


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


def churn(request: Request, reader_id: ReaderId, reasons: Reasons = "stored") -> Response:
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
    manifest = scorer.bundle.manifest
    probability = scorer.probability(row)
    words = _stored_reasons(store.features, reader, row, manifest.version) if reasons == "stored" else None
    note = _NOT_STORED if reasons == "stored" else _NOT_LIVE
    answer = _Answer(
        reader_id=reader_id,
        task=manifest.task,
        population=manifest.population,
        in_population=scorer.in_population(row),
        horizon_days=manifest.horizon_days,
        probability=probability,
        band=risk_band(probability),
        reasons=words,
        reasons_note=None if words else note,
        model_version=manifest.version,
        features_as_of=row.as_of,
        answered_at=datetime.now(UTC),
    )
    return Response(_encode(answer), media_type="application/json")


def _stored_reasons(online: OnlineFeatures, reader: int, row: Row, version: str) -> tuple[str, ...] | None:
    """Reasons of this reader, unless they are of another model version or of features at another time."""
    stored = online.get_reasons("churn", reader)
    if stored is None or stored.model_version != version or stored.as_of != row.as_of:
        return None
    return stored.reasons


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
