"""What a run would take: time, memory and disk, from what was measured on a small machine.

Every figure is a start plus a slope, measured with two processors at a simulated publisher's 0.3 and 1.3 million
events; docs/doctor.md says how, and how to measure again. They tell minutes from hours, and a laptop from a server, no
more.
"""

from dataclasses import dataclass
from typing import NamedTuple

from readership.evaluation.readiness.facts import Facts
from readership.evaluation.reports.words import span

MILLION = 1_000_000
EVENTS_A_SESSION = 2.5
"""Of the example's table of sessions: the events that are read off a row."""


class Line(NamedTuple):
    """`start` and what each further million adds."""

    start: float
    slope: float

    def at(self, millions: float) -> float:
        """The value for this many millions."""
        return self.start + self.slope * millions


LOAD_SECONDS = Line(1.0, 15.0)
LOAD_MEMORY_GIB = Line(2.0, 0.0)
WAREHOUSE_GIB = Line(0.01, 0.11)
EXPLORE_AND_FEATURE_SECONDS = Line(7.4, 3.1)
CUTOFF_SECONDS = Line(0.42, 0.26)
TRAINING_SECONDS = Line(30.0, 400.0)
RUN_MEMORY_GIB = Line(0.9, 0.3)
RESULTS_GIB = Line(0.02, 0.4)
ROW_GIB = 148 * 4 * 4 / 2**30
"""A row of a dataset: its features as float32, with room for four copies while models are fitted."""
TIGHT = 0.8


@dataclass(frozen=True)
class Needs:
    """What one part of a run takes; `enough` says whether this machine has it, `remedy` what to do if not."""

    work: str
    seconds: float
    memory_gib: float
    disk_gib: float
    enough: bool
    words: str
    remedy: str = ""


def needs(f: Facts) -> tuple[Needs, ...]:
    """Loading (where nothing is loaded yet) and every step of a run; nothing without rows."""
    if not f.rows:
        return ()
    millions = f.rows * (EVENTS_A_SESSION if f.grain == "sessions" else 1.0) / MILLION
    run = _needs(f, "every step of `readership run`", *_run(f, millions))
    if not f.to_load:
        return (run,)
    return (
        _needs(f, "loading", LOAD_SECONDS.at(millions), LOAD_MEMORY_GIB.at(millions), WAREHOUSE_GIB.at(millions)),
        run,
    )


def _run(f: Facts, millions: float) -> tuple[float, float, float]:
    asked = [question for name, question in f.questions.items() if name in f.built]
    cutoffs, rows = sum(question.planned for question in asked), sum(question.rows for question in asked)
    training = TRAINING_SECONDS.at(rows / MILLION) if cutoffs else 0.0
    seconds = EXPLORE_AND_FEATURE_SECONDS.at(millions) + cutoffs * CUTOFF_SECONDS.at(millions) + training
    largest = max((question.rows for question in asked), default=0.0)
    memory = RUN_MEMORY_GIB.at(f.readers / MILLION) + largest * ROW_GIB
    return seconds, memory, RESULTS_GIB.at(f.readers / MILLION) + rows * ROW_GIB / 8


def _needs(f: Facts, work: str, seconds: float, memory: float, disk: float) -> Needs:
    remedies = []
    if memory > TIGHT * f.machine.memory_gib:
        remedies.append(
            f"{memory:.1f} GiB of memory are wanted and this machine has {f.machine.memory_gib:.1f}: use a larger one, "
            "or set the horizon shorter or the history smaller"
        )
    if disk > TIGHT * f.machine.disk_gib:
        remedies.append(
            f"{disk:.1f} GiB of disk are wanted and {f.machine.disk_gib:.1f} are free: free some, "
            "or set READERSHIP_HOME to a larger disk"
        )
    words = f"about {span(max(seconds, 1))}, {memory:.1f} GiB of memory, {disk:.2f} GiB of disk"
    return Needs(work, round(seconds, 1), round(memory, 2), round(disk, 3), not remedies, words, "; ".join(remedies))
