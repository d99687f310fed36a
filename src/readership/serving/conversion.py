"""`GET /v1/readers/{reader_id}/conversion`: one read of the online store, one run of the model, one JSON answer."""

from collections.abc import Awaitable

from starlette.requests import Request
from starlette.responses import Response

from readership.models.conversion import action
from readership.serving.explain import Explanation
from readership.serving.readers import Asked, ReaderId, Reasoned, Reasons, answered, reasoned


class _ConversionAnswer(Reasoned, kw_only=True):
    """The fields of `answers.ConversionAnswer`."""

    probability: float
    action: str
    uplift: float | None


def conversion(request: Request, reader_id: ReaderId, reasons: Reasons = "stored") -> Response | Awaitable[Response]:
    """How likely this reader is to subscribe within the horizon, and what to do about it."""
    return answered(request, "conversion", reader_id, reasons, conversion_answer)


def conversion_answer(asked: Asked, why: Explanation) -> Reasoned:
    """From a reader and their reasons."""
    probability = asked.score()
    return _ConversionAnswer(
        **reasoned(asked, why),
        probability=probability,
        action=action(probability, asked.scorer.bundle.manifest.operating_points),
        uplift=asked.added(),
    )
