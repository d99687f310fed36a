"""What OpenAPI says beyond the functions' signatures: errors, and bodies that are read without being validated."""

from typing import Any

from readership.serving.answers import ProblemAnswer
from readership.serving.problems import MEDIA_TYPE


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's word on the errors a route can answer with."""
    schema = {"schema": ProblemAnswer.model_json_schema()}
    return {status: {"description": "see `code`", "content": {MEDIA_TYPE: schema}} for status in statuses}


_EVENT = {
    "event_id": "3f0c6f3e-5d6b-4b0e-9a0e-0a7c2f6d1b11",
    "user_id": "42",
    "event_type": "article_view",
    "timestamp": "2026-10-01T09:30:00Z",
    "article_id": "a1",
    "brand": "Kurier",
    "consent": {"analytics": True, "personalisation": True},
}
_SCHEMA = {
    "type": "object",
    "required": ["event_type", "timestamp"],
    "description": "the fields of docs/events.md; `user_id` or `device_id` is needed as well",
    "additionalProperties": True,
}
EVENTS_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"oneOf": [_SCHEMA, {"type": "array", "items": _SCHEMA, "maxItems": 1000}]},
                "examples": {
                    "one": {"summary": "a read", "value": _EVENT},
                    "several": {"summary": "a batch", "value": [_EVENT, {**_EVENT, "event_type": "article_complete"}]},
                },
            }
        },
    }
}
