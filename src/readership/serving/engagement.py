"""`GET /v1/readers/{reader_id}/engagement`: one read of the online store, one run of the model, one JSON answer."""

from collections.abc import Awaitable

from starlette.requests import Request
from starlette.responses import Response

from readership.models.engagement import band
from readership.serving.explain import Explanation
from readership.serving.readers import Asked, ReaderId, Reasoned, Reasons, answered, reasoned


class _EngagementAnswer(Reasoned, kw_only=True):
    """The fields of `answers.EngagementAnswer`."""

    score: float
    band: str


def engagement(request: Request, reader_id: ReaderId, reasons: Reasons = "stored") -> Response | Awaitable[Response]:
    """How deeply this reader will probably read on the next visit, should it come within the horizon."""
    return answered(request, "engagement", reader_id, reasons, engagement_answer)


def engagement_answer(asked: Asked, why: Explanation) -> Reasoned:
    """From a reader and their reasons."""
    score = asked.score()
    return _EngagementAnswer(**reasoned(asked, why), score=score, band=band(score))
