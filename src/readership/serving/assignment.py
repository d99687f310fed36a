"""`GET /v1/experiments/{key}/assignment`: the variant of a reader, the same one each time, and logged once.

What is logged lies in the segment log before the variant is given out; `readership ingest --segments` takes it to the
table `exposures`.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Annotated, NamedTuple

import msgspec
from fastapi import FastAPI, Query
from starlette.requests import Request
from starlette.responses import Response

from readership.errors import StoreError
from readership.events.identity import reader_key
from readership.events.segments import Record
from readership.experiments.assignment import Assignment, Experiment, assign
from readership.features.exposed import Exposed
from readership.features.state import ANALYTICS, PERSONALISATION
from readership.serving.answers import AssignmentAnswer
from readership.serving.desk import Desk
from readership.serving.direct import DirectRoute
from readership.serving.live_experiments import LiveExperiments
from readership.serving.live_models import LiveModels
from readership.serving.openapi import problems
from readership.serving.problems import Problem
from readership.serving.scorer import TIER

NO_CONSENT = "no agreement to analytics is known of this reader: the control, and nothing is logged"
NOT_OF_IT = "of another audience or share of the readers: the control, and nothing is logged"
UNITS = {"reader": "reader_id", "device": "device_id", "session": "session_id"}
STORED_AS = {"brand": "brand", "country": "country", "device_type": "device_type", "subscription_tier": TIER}
"""What an audience can ask about, and how the stored features call it."""
_encode = msgspec.json.Encoder().encode

ReaderOf = Annotated[str, Query(description="the publisher's own reader id, of experiments on readers")]
DeviceOf = Annotated[str, Query(description="device id, of experiments on devices")]
SessionOf = Annotated[str, Query(description="session id, of experiments on sessions")]
Attribute = Annotated[str, Query(description="for the audience; by default what the stored features say")]


class Unit(NamedTuple):
    """Who is assigned: the id that is hashed, the unit as `exposures` names it, and what the audience asks about."""

    text: str
    name: str
    attributes: Mapping[str, str] = {}


class Given(NamedTuple):
    """A variant; `new` where it is to be logged before it is given out."""

    variant: Assignment
    decision_id: str
    new: bool


class _Answer(msgspec.Struct):
    """The fields of `answers.AssignmentAnswer`."""

    experiment: str
    unit: str
    variant: str
    in_experiment: bool
    propensity: float | None
    decision_id: str | None
    note: str | None


def add_assignment(app: FastAPI) -> None:
    """Add the route."""
    app.router.add_api_route(
        "/v1/experiments/{key}/assignment",
        assignment,
        methods=["GET"],
        route_class_override=DirectRoute,
        response_model=None,
        responses={200: {"model": AssignmentAnswer}, **problems(401, 404, 422, 503)},
        tags=["experiments"],
        summary="Variant of a reader",
    )


def assignment(
    request: Request,
    key: str,
    reader_id: ReaderOf = "",
    device_id: DeviceOf = "",
    session_id: SessionOf = "",
    brand: Attribute = "",
    country: Attribute = "",
    device_type: Attribute = "",
    subscription_tier: Attribute = "",
) -> Response | Awaitable[Response]:
    """The variant this reader (or device, or session) gets; ask when it is about to be shown, for this is the exposure.

    Where the experiment does not run, the reader is none of its audience or share, or did not agree to analytics, the
    answer is the control with `in_experiment` false, and nothing is logged: a page need not know why.
    """
    state = request.scope["app"].state
    desk: Desk = state.desk
    live: LiveExperiments = state.experiments
    experiment = live.now.experiments.get(key)
    if experiment is None:
        there = ", ".join(live.now.experiments) or "none"
        raise Problem(404, "experiment_unknown", f"there is no experiment {key!r}; there are: {there}")
    text = {"reader": reader_id, "device": device_id, "session": session_id}[experiment.unit]
    if not text:
        name = UNITS[experiment.unit]
        raise Problem(422, "request_invalid", f"query {name} is missing; {key!r} assigns a {experiment.unit}")
    if note := _not_running(experiment, live.at()):
        return _answered(experiment, text, None, note)
    if experiment.unit == "reader" and not agreed(desk, reader_key(text)) & ANALYTICS:
        return _answered(experiment, text, None, NO_CONSENT)
    said = {"brand": brand, "country": country, "device_type": device_type, "subscription_tier": subscription_tier}
    unit = Unit(text, unit_of(experiment, text), known(state.models, desk, experiment, text, said))
    found = given(desk, experiment, unit)
    if found is None:
        return _answered(experiment, text, None, NOT_OF_IT)
    if not found.new:
        return _answered(experiment, text, found, None)
    return _exposed(desk, experiment, unit, found, live.at())


def agreed(desk: Desk, reader: int) -> int:
    """What a reader agreed to as far as is known here, as bits."""
    stated = desk.consent(reader)
    return desk.recording().assumed(reader) if stated is None else stated


def unit_of(experiment: Experiment, text: str) -> str:
    """The unit as the table `exposures` names it: of a reader the key, as text."""
    return str(reader_key(text)) if experiment.unit == "reader" else text


def known(models: LiveModels, desk: Desk, experiment: Experiment, text: str, said: Mapping[str, str]) -> dict[str, str]:
    """What the audience asks about: as said now, else as stored of a reader who may be known."""
    found = {name: value for name, value in said.items() if value}
    lacking = [name for name in experiment.audience if name not in found]
    store = models.now.store
    if not lacking or experiment.unit != "reader" or store is None:
        return found
    reader = reader_key(text)
    row = store.features.get(reader) if agreed(desk, reader) & PERSONALISATION else None
    if row is None:
        return found
    words = dict(zip(store.features.meta.words, row.words, strict=True))
    stored = {name: words.get(STORED_AS[name]) for name in lacking}
    return found | {name: value for name, value in stored.items() if value}


def given(desk: Desk, experiment: Experiment, unit: Unit) -> Given | None:
    """The variant of a unit in a running experiment, the one from before if there is one; None where it has no part.

    Raises Problem 503 where the state cannot be read.
    """
    try:
        earlier = Exposed(desk.file()).given(experiment.key, unit.name)
    except StoreError as error:
        raise Problem(503, error.code, str(error), {"Retry-After": "5"}) from error
    found = assign(experiment, unit.text, unit.attributes, earlier)
    if found is None:
        return None
    return Given(found, f"{experiment.key}/{unit.name}/{found.variant}", earlier != found.variant)


async def expose(desk: Desk, experiment: Experiment, unit: Unit, found: Given, at: datetime) -> None:
    """Log a new exposure, then remember the variant. Raises Problem 503 where it cannot be kept: nobody was exposed."""
    told = {
        "unit": unit.name,
        "experiment": experiment.key,
        "variant": found.variant.variant,
        "treatment": experiment.models.versions[found.variant.variant] if experiment.models else found.variant.variant,
        "propensity": found.variant.propensity,
        "decision_id": found.decision_id,
        "at": at,
    }
    recording, exposed = desk.recording(), Exposed(desk.file())

    def keep() -> None:
        recording.log.append([Record("exposure", _encode(told))])
        exposed.keep(experiment.key, unit.name, found.variant.variant)

    try:
        await asyncio.to_thread(keep)
    except StoreError as error:
        raise Problem(503, error.code, str(error), {"Retry-After": "5"}) from error


async def _exposed(desk: Desk, experiment: Experiment, unit: Unit, found: Given, at: datetime) -> Response:
    await expose(desk, experiment, unit, found, at)
    return _answered(experiment, unit.text, found, None)


def _not_running(experiment: Experiment, at: datetime) -> str | None:
    if experiment.running(at):
        return None
    when = f"starts at {experiment.start:%Y-%m-%dT%H:%MZ}"
    return f"it {when if at < experiment.start else f'ended at {experiment.end:%Y-%m-%dT%H:%MZ}'}: the control"


def _answered(experiment: Experiment, unit: str, found: Given | None, note: str | None) -> Response:
    answer = _Answer(
        experiment=experiment.key,
        unit=unit,
        variant=found.variant.variant if found else experiment.control,
        in_experiment=found is not None,
        propensity=found.variant.propensity if found else None,
        decision_id=found.decision_id if found else None,
        note=note,
    )
    return Response(_encode(answer), media_type="application/json")
