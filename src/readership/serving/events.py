"""`POST /v1/events`: in Kafka or on disk before it is acknowledged, and in the state that slates are made from."""

import asyncio
from time import time_ns

import msgspec
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from readership.errors import StoreError
from readership.serving.answers import EventsAnswer
from readership.serving.desk import Desk
from readership.serving.intake import NoBatch, Refusal, Taken, TooMany, take
from readership.serving.openapi import EVENTS_BODY, problems
from readership.serving.problems import Problem


class _EventsAnswer(msgspec.Struct):
    """The fields of `answers.EventsAnswer`."""

    accepted: int
    refused: int
    errors: list[Refusal]


def add_events(app: FastAPI, desk: Desk) -> None:
    """Add the route."""

    @app.post(
        "/v1/events",
        status_code=202,
        tags=["events"],
        summary="Events, one or at most 1,000",
        response_model=EventsAnswer,
        responses=problems(400, 401, 413, 503),
        openapi_extra=EVENTS_BODY,
    )
    async def events(request: Request) -> Response:
        """Answered once the batch is in Kafka or on disk; send again what failed.

        An `event_id` that was sent before counts once. What is no event is kept for the quarantine and named in
        `errors`; the rest of the batch is taken.
        """
        now_ms = time_ns() // 1_000_000
        try:
            taken = take(await request.body(), now_ms, desk.erased)
        except NoBatch as error:
            status = 413 if isinstance(error, TooMany) else 400
            raise Problem(status, "events_invalid", str(error)) from error
        await _kept(desk, taken, now_ms)
        answer = _EventsAnswer(taken.accepted, len(taken.refusals), taken.refusals)
        return Response(msgspec.json.encode(answer), 202, media_type="application/json")


async def _kept(desk: Desk, taken: Taken, now_ms: int) -> None:
    recording, outbox = desk.recording(), desk.outbox
    try:
        records = await outbox.send(taken.records) if outbox else taken.records
        await asyncio.to_thread(recording.events, taken._replace(records=records), now_ms)
    except StoreError as error:
        raise Problem(503, error.code, str(error), {"Retry-After": "5"}) from error
