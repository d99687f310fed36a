"""What a publisher can have from their data: one page to send round, and the same as lines for a terminal."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from readership.evaluation.readiness import Diagnosis, Facts, Step
from readership.evaluation.reports.page import write_page
from readership.evaluation.reports.words import plural, task_word

STATE_WORDS = {"ready": "Ready", "degraded": "Runs on less than it could use", "impossible": "Not with this data"}
REMARK_WORDS = {"look": "Look at this", "missing": "The data does not say", "fine": "Fine"}
WIDTH = 12


class Finding(NamedTuple):
    """What is said of one step, or of several that follow each other."""

    steps: tuple[str, ...]
    state: str
    reason: str
    remedy: str


def write_doctor(facts: Facts, diagnosis: Diagnosis, path: Path) -> Path:
    """Write the page to `path`; it loads nothing from anywhere."""
    return write_page(
        path,
        "doctor.html",
        [],
        facts=facts,
        diagnosis=diagnosis,
        verdict=verdict(diagnosis),
        groups=[
            ("What you can have now", _by_state(step for step in diagnosis.steps if step.built)),
            (
                "What this version does not have yet, and whether your data would do",
                _by_state(step for step in diagnosis.steps if not step.built),
            ),
        ],
        state_words=STATE_WORDS,
        remark_words=REMARK_WORDS,
        names=names,
    )


def verdict(diagnosis: Diagnosis) -> str:
    """One sentence: how many of the steps this version has can run.

    >>> verdict(Diagnosis((Step("churn", "ready", "", ""), Step("serving", "impossible", "", "")), (), ()))
    '1 of 2 steps can run'
    """
    built = [step for step in diagnosis.steps if step.built]
    runs = [step for step in built if step.state != "impossible"]
    if not runs:
        return "nothing can run on this data yet"
    full = len([step for step in runs if step.state == "ready"])
    said = f"{len(runs)} of {plural(len(built), 'step')} can run"
    return said if full == len(runs) else f"{said}, {full} of them on all they could use"


def lines(facts: Facts, diagnosis: Diagnosis) -> Iterator[str]:
    """The diagnosis for a terminal."""
    rows = plural(facts.rows, facts.grain.removesuffix("s"))
    yield f"{facts.source}: {rows} of {plural(facts.readers, 'reader')}; {verdict(diagnosis)}"
    yield from _steps(step for step in diagnosis.steps if step.built)
    if others := [step for step in diagnosis.steps if not step.built]:
        yield "not in this version yet; whether the data would do:"
        yield from _steps(others)
    for remark in diagnosis.remarks:
        yield f"{remark.state:<{WIDTH}}{remark.name}: {remark.reason}"
        if remark.remedy and remark.state != "fine":
            yield " " * WIDTH + f"-> {remark.remedy}"
    for need in diagnosis.needs:
        yield f"{'takes' if need.enough else 'too much':<{WIDTH}}{need.work}: {need.words}"
        if need.remedy:
            yield " " * WIDTH + f"-> {need.remedy}"


def names(steps: Iterable[str]) -> str:
    """Steps for people.

    >>> names(["churn_subscribers", "ads"])
    'Churn of subscribers, ads'
    """
    words = ", ".join(task_word(step).lower() for step in steps)
    return words[:1].upper() + words[1:]


def _steps(steps: Iterable[Step]) -> Iterator[str]:
    for found in _findings(steps):
        yield f"{found.state:<{WIDTH}}{', '.join(found.steps)}: {found.reason}"
        if found.remedy:
            yield " " * WIDTH + f"-> {found.remedy}"


def _by_state(steps: Iterable[Step]) -> list[tuple[str, list[Finding]]]:
    found = list(_findings(sorted(steps, key=lambda step: list(STATE_WORDS).index(step.state))))
    return [(state, list(those)) for state, those in groupby(found, key=lambda finding: finding.state)]


def _findings(steps: Iterable[Step]) -> Iterator[Finding]:
    """Neighbours that say the same, said once."""
    for (state, reason, remedy), same in groupby(steps, key=lambda step: (step.state, step.reason, step.remedy)):
        yield Finding(tuple(step.step for step in same), state, reason, remedy)
