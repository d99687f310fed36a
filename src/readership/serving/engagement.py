"""`GET /v1/readers/{reader_id}/engagement`: one read of the online store, one run of the model, one JSON answer."""

from collections.abc import Awaitable
from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from readership.models.engagement import band
from readership.serving.explain import Explanation
from readership.serving.readers import Asked, ReaderId, Reasons, answered


class _Answer(msgspec.Struct):
    """The fields of `answers.EngagementAnswer`, encoded without validating what we made ourselves."""

    reader_id: str
    task: str
    population: str
    in_population: bool | None
    horizon_days: int
    score: float
    band: str
    reasons: tuple[str, ...] | None
    reasons_note: str | None
    model_version: str
    features_as_of: datetime
    answered_at: datetime


_encode = msgspec.json.Encoder().encode


def engagement(request: Request, reader_id: ReaderId, reasons: Reasons = "stored") -> Response | Awaitable[Response]:
    """How deeply this reader will probably read on the next visit, should it come within the horizon."""
    return answered(request, "engagement", reader_id, reasons, _answer)


def _answer(asked: Asked, why: Explanation) -> Response:
    manifest = asked.scorer.bundle.manifest
    score = asked.scorer.answer(asked.row)
    answer = _Answer(
        reader_id=asked.reader_id,
        task=manifest.task,
        population=manifest.population,
        in_population=asked.scorer.in_population(asked.row),
        horizon_days=manifest.horizon_days,
        score=score,
        band=band(score),
        reasons=why.reasons,
        reasons_note=why.note,
        model_version=manifest.version,
        features_as_of=asked.row.as_of,
        answered_at=datetime.now(UTC),
    )
    return Response(_encode(answer), media_type="application/json")
