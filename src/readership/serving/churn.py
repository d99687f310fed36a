"""`GET /v1/readers/{reader_id}/churn`: one read of the online store, one run of the model, one JSON answer."""

from collections.abc import Awaitable

from starlette.requests import Request
from starlette.responses import Response

from readership.models.churn import band
from readership.serving.explain import Explanation
from readership.serving.readers import Asked, ReaderId, Reasoned, Reasons, answered, reasoned


class _ChurnAnswer(Reasoned, kw_only=True):
    """The fields of `answers.ChurnAnswer`."""

    probability: float
    band: str


def churn(request: Request, reader_id: ReaderId, reasons: Reasons = "stored") -> Response | Awaitable[Response]:
    """How likely this reader is to stop coming within the horizon."""
    return answered(request, "churn", reader_id, reasons, churn_answer)


def churn_answer(asked: Asked, why: Explanation) -> Reasoned:
    """From a reader and their reasons."""
    probability = asked.score()
    return _ChurnAnswer(**reasoned(asked, why), probability=probability, band=band(probability))
