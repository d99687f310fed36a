"""`GET /v1/readers/{reader_id}/conversion`: one read of the online store, one run of the model, one JSON answer."""

from collections.abc import Awaitable
from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from readership.models.conversion import action
from readership.serving.explain import Explanation
from readership.serving.readers import Asked, ReaderId, Reasons, answered


class _Answer(msgspec.Struct):
    """The fields of `answers.ConversionAnswer`, encoded without validating what we made ourselves."""

    reader_id: str
    task: str
    population: str
    in_population: bool | None
    horizon_days: int
    probability: float
    action: str
    uplift: float | None
    reasons: tuple[str, ...] | None
    reasons_note: str | None
    model_version: str
    features_as_of: datetime
    answered_at: datetime


_encode = msgspec.json.Encoder().encode


def conversion(request: Request, reader_id: ReaderId, reasons: Reasons = "stored") -> Response | Awaitable[Response]:
    """How likely this reader is to subscribe within the horizon, and what to do about it."""
    return answered(request, "conversion", reader_id, reasons, _answer)


def _answer(asked: Asked, why: Explanation) -> Response:
    manifest = asked.scorer.bundle.manifest
    probability = asked.scorer.answer(asked.row)
    answer = _Answer(
        reader_id=asked.reader_id,
        task=manifest.task,
        population=manifest.population,
        in_population=asked.scorer.in_population(asked.row),
        horizon_days=manifest.horizon_days,
        probability=probability,
        action=action(probability, manifest.operating_points),
        uplift=asked.uplift.answer(asked.row) if asked.uplift else None,
        reasons=why.reasons,
        reasons_note=why.note,
        model_version=manifest.version,
        features_as_of=asked.row.as_of,
        answered_at=datetime.now(UTC),
    )
    return Response(_encode(answer), media_type="application/json")
