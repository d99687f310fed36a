"""What every question about one reader asks first: who answers, from which features, and with which reasons."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from readership.errors import StoreError
from readership.events.identity import reader_key
from readership.features.online import OnlineFeatures, Row
from readership.features.state import PERSONALISATION
from readership.serving.desk import Desk
from readership.serving.explain import Explanation, explain
from readership.serving.live_models import ADDS, LiveModels, Snapshot, Store, no_champion
from readership.serving.model_trials import Tried, logged, tried
from readership.serving.predictions import PredictionLog
from readership.serving.problems import Problem
from readership.serving.scorer import Scorer

ReaderId = Annotated[str, Path(description="the publisher's own reader id; any text", examples=["42"])]
Reasons = Annotated[
    Literal["stored", "live"],
    Query(
        description="`stored`: as computed when readers were last scored in batch, null where that was for another "
        "model version or other features; `live`: computed now, in milliseconds rather than microseconds"
    ),
]


class Asked(NamedTuple):
    """One reader, the model that answers, and the live model of what a contact adds, where there is one.

    reader         their key in the store
    scored, adds   what these models say, where many readers were scored at once
    """

    reader_id: str
    scorer: Scorer
    row: Row
    reader: int
    predictions: PredictionLog
    uplift: Scorer | None = None
    scored: float | None = None
    adds: float | None = None

    def score(self) -> float:
        """What the model answers of this reader; the log of predictions has it as well."""
        return self._logged(self.scorer, self.scored)

    def added(self) -> float | None:
        """What a contact would add, where a model of that is live."""
        return self._logged(self.uplift, self.adds) if self.uplift else None

    def _logged(self, scorer: Scorer, known: float | None) -> float:
        inputs = scorer.features(self.row)
        score = float(scorer.bundle.score(inputs)[0]) if known is None else known
        self.predictions.answered(scorer, self.reader, self.row, inputs, score)
        return score


class Told(msgspec.Struct, kw_only=True):
    """What every answer about a reader holds, encoded without validating what we made ourselves; see `told`."""

    reader_id: str
    task: str
    population: str
    in_population: bool | None
    model_version: str
    features_as_of: datetime
    answered_at: datetime


class Reasoned(Told, kw_only=True):
    """An answer about the coming days, with its reasons."""

    horizon_days: int
    reasons: tuple[str, ...] | None
    reasons_note: str | None


Answer = Callable[[Asked, Explanation], Told]
"""The route's own: its fields, from the reader and the reasons."""
_encode = msgspec.json.Encoder().encode


def answered(
    request: Request, task: str, reader_id: str, reasons: str, answer: Answer
) -> Response | Awaitable[Response]:
    """The answer of `task` about this reader, at once with stored reasons, or later with reasons computed now.

    Raises Problem: 503 where nothing answers for the task, 422 for an unknown kind of reasons, 404 for a reader of
    whom there are no features.
    """
    if reasons not in ("stored", "live"):
        raise Problem(422, "request_invalid", f"query reasons is {reasons!r}; it must be `stored` or `live`")
    asked, store, reader = asked_about(request, task, reader_id)
    trial = tried(request, task, reader_id)
    if trial is not None:
        asked = asked._replace(scorer=trial.scorer)
    if reasons == "live" or (trial is not None and trial.found.new):
        return _later(request, trial, asked, answer, None if reasons == "live" else store.features)
    return encoded(answer(asked, stored_reasons(task, store.features, reader, asked)))


def told(asked: Asked) -> dict[str, Any]:
    """The fields of `Told`."""
    manifest = asked.scorer.bundle.manifest
    return {
        "reader_id": asked.reader_id,
        "task": manifest.task,
        "population": manifest.population,
        "in_population": asked.scorer.in_population(asked.row),
        "model_version": manifest.version,
        "features_as_of": asked.row.as_of,
        "answered_at": datetime.now(UTC),
    }


def reasoned(asked: Asked, why: Explanation) -> dict[str, Any]:
    """The fields of `Reasoned`."""
    horizon = asked.scorer.bundle.manifest.horizon_days
    return told(asked) | {"horizon_days": horizon, "reasons": why.reasons, "reasons_note": why.note}


def encoded(answer: Told) -> Response:
    """The answer as JSON."""
    return Response(_encode(answer), media_type="application/json")


def asked_about(request: Request, task: str, reader_id: str) -> tuple[Asked, Store, int]:
    """This reader with what answers for `task`, the store that knows them, and their key in it.

    Raises Problem: 503 where nothing answers for the task, 404 for a reader of whom there are no features, who has
    withdrawn since these were made, or who was erased.
    """
    desk: Desk = request.scope["app"].state.desk
    scorer, uplift, store = answering(request, task)
    reader = reader_key(reader_id)
    row = store.features.get(reader)
    if row is not None and withdrew(desk, reader):
        if reader not in desk.erased:
            raise _not_agreed(reader_id)
        row = None
    if row is None:
        raise _reader_unknown(reader_id, store.features)
    return Asked(reader_id, scorer, row, reader, predictions_of(request), uplift), store, reader


def answering(request: Request, task: str) -> tuple[Scorer, Scorer | None, Store]:
    """What answers for the task, what tells what a contact adds, the store. Raises Problem 503 where nothing does."""
    models: LiveModels = request.scope["app"].state.models
    now = models.now
    scorer, store = now.tasks[task].scorer, now.store
    if scorer is None or store is None:
        raise _cannot_answer(task, now)
    adds = now.tasks.get(f"{task}{ADDS}")
    return scorer, adds.scorer if adds else None, store


def predictions_of(request: Request) -> PredictionLog:
    """Where answers are logged."""
    desk: Desk = request.scope["app"].state.desk
    return desk.predictions


async def _later(
    request: Request, trial: Tried | None, asked: Asked, answer: Answer, online: OnlineFeatures | None
) -> Response:
    """The same answer once its exposure is logged; without `online`, with reasons computed beside the event loop."""
    if trial is not None:
        await logged(request, trial)
    if online is None:
        return encoded(answer(asked, await asyncio.to_thread(explain, asked.scorer, asked.row)))
    task, reader = asked.scorer.bundle.manifest.task, reader_key(asked.reader_id)
    return encoded(answer(asked, stored_reasons(task, online, reader, asked)))


def stored_reasons(task: str, online: OnlineFeatures, reader: int, asked: Asked) -> Explanation:
    """Reasons of this reader, unless they are of another model version or of features at another time."""
    stored = online.get_reasons(task, reader)
    version = asked.scorer.bundle.manifest.version
    if stored is None or stored.model_version != version or stored.as_of != asked.row.as_of:
        note = (
            "none are stored for this reader, model version and features; "
            f"`readership batch-score {task}` stores those of the readers ranked first; `?reasons=live` computes them"
        )
        return Explanation(None, note)
    return Explanation(stored.reasons, None)


def _cannot_answer(task: str, now: Snapshot) -> Problem:
    """503 with the first trouble there is, which names the next step."""
    live = now.tasks[task].live
    if live.champion is None and any(other.scorer for other in now.tasks.values()):
        trouble = no_champion(task, live)
        return Problem(503, trouble.code, trouble.detail)
    code, detail = (
        now.troubles[0] if now.troubles else ("not_ready", "the models are being read; ask again in a second")
    )
    return Problem(503, code, detail, {"Retry-After": "5"})


def withdrew(desk: Desk, reader: int) -> bool:
    """Whether a reader said here that they do not agree to personalisation, or was erased."""
    try:
        stated = desk.consent(reader)
    except StoreError as error:
        raise Problem(503, error.code, str(error), {"Retry-After": "5"}) from error
    return stated is not None and not stated & PERSONALISATION


def _not_agreed(reader_id: str) -> Problem:
    detail = (
        f"reader {reader_id!r} has withdrawn their agreement to personalisation: nothing is said of them; treat them "
        "like a reader of whom nothing is known"
    )
    return Problem(404, "not_agreed", detail)


def _reader_unknown(reader_id: str, online: OnlineFeatures) -> Problem:
    as_of = f"{online.meta.as_of:%Y-%m-%dT%H:%M:%SZ}"
    detail = (
        f"reader {reader_id!r} has no features as of {as_of}: never seen before that, or "
        "without consent to personalisation; check the id, or `readership ingest` newer events and then "
        "`readership features build`"
    )
    return Problem(404, "reader_unknown", detail)
