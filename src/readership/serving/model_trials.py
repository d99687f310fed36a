"""Experiments between versions of a model: which version answers this reader, logged as an exposure once.

Where the state or the log cannot be used, answering comes first: the champion answers, or the exposure is logged with
the reader's next request.
"""

import logging
from typing import NamedTuple

from starlette.requests import Request

from readership.events.identity import reader_key
from readership.experiments.assignment import Experiment
from readership.features.state import ANALYTICS
from readership.serving.assignment import Given, Unit, agreed, expose, given, known, unit_of
from readership.serving.desk import Desk
from readership.serving.live_experiments import LiveExperiments, ModelTrial
from readership.serving.problems import Problem
from readership.serving.scorer import Scorer

log = logging.getLogger("readership.serving")


class Tried(NamedTuple):
    """The variant of a reader, and what scores in it."""

    experiment: Experiment
    unit: Unit
    found: Given
    scorer: Scorer


def tried(request: Request, task: str, reader_id: str) -> Tried | None:
    """The first running experiment on this task's model that this reader takes part in; None: the champion answers."""
    state = request.scope["app"].state
    live: LiveExperiments = state.experiments
    trials = live.now.trials.get(task)
    if not trials or not state.desk.is_open:
        return None
    at = live.at()
    for trial in trials:
        if trial.experiment.running(at) and (found := _tried(request, trial, reader_id)):
            return found
    return None


async def logged(request: Request, trial: Tried) -> None:
    """Log the exposure where it is new."""
    state = request.scope["app"].state
    if not trial.found.new:
        return
    try:
        await expose(state.desk, trial.experiment, trial.unit, trial.found, state.experiments.at())
    except Problem as problem:
        log.warning("%s: %s", problem.code, problem.detail)


def _tried(request: Request, trial: ModelTrial, reader_id: str) -> Tried | None:
    state = request.scope["app"].state
    desk: Desk = state.desk
    experiment = trial.experiment
    try:
        if not agreed(desk, reader_key(reader_id)) & ANALYTICS:
            return None
        attributes = known(state.models, desk, experiment, reader_id, {})
        unit = Unit(reader_id, unit_of(experiment, reader_id), attributes)
        found = given(desk, experiment, unit)
    except Problem as problem:
        log.warning("%s: %s", problem.code, problem.detail)
        return None
    return Tried(experiment, unit, found, trial.scorers[found.variant.variant]) if found else None
