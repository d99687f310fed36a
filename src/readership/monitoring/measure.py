"""One figure at one time with what is usual for it, and the colour that follows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

GREEN, AMBER, RED, GREY = "green", "amber", "red", "grey"
STATES = (GREEN, GREY, AMBER, RED)
"""From what asks for nothing to what asks for most; grey is what was not measured, or has nothing to be held against:
neither is ever called green."""
NOT_JUDGED = "it is told and not judged: there is nothing it should be like"
KINDS = ("data", "inputs", "scores", "estimate", "performance")
"""What arrives; what a model sees; what it says; what that makes expect; what came of it."""


@dataclass(frozen=True)
class Measure:
    """What was measured of one part at `as_of`.

    task        the model's; empty for what arrives
    part        column, value or slice that it is about; empty for the whole
    value       None where nothing was measured; `reason` then says why
    low, high   95 % interval of the value, where one is known
    usual_low,  what it is expected to lie within; None where that side has no bound
    usual_high
    rows        behind the value; `readers` likewise, who are the independent units
    """

    as_of: datetime
    kind: str
    measure: str
    state: str
    task: str = ""
    part: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    usual_low: float | None = None
    usual_high: float | None = None
    rows: int = 0
    readers: int = 0
    model_version: str = ""
    reason: str = ""


def worst(states: Iterable[str]) -> str:
    """The state that asks for most; grey for nothing at all.

    >>> worst([GREEN, GREY]), worst([AMBER, GREY]), worst([])
    ('grey', 'amber', 'grey')
    """
    return max(states, key=STATES.index, default=GREY)
