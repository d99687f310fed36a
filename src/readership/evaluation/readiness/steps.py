"""What each step of the product can do with this data: ready, degraded or impossible, why, and what would help.

A step is impossible when it would refuse or be left out; degraded when it runs on less than it could use.
"""

from dataclasses import asdict, dataclass
from typing import Any

from readership.evaluation.readiness.costs import Needs, needs
from readership.evaluation.readiness.facts import Facts
from readership.evaluation.readiness.remarks import Remark, remarks
from readership.evaluation.readiness.rules import RULES, STATES, State, nothing


@dataclass(frozen=True)
class Step:
    """What one step can do, and what would help; `built` is false for what this version does not have."""

    step: str
    state: State
    reason: str
    remedy: str
    built: bool = True


@dataclass(frozen=True)
class Diagnosis:
    """Every step, what to know of the data, and what a run would take."""

    steps: tuple[Step, ...]
    remarks: tuple[Remark, ...]
    needs: tuple[Needs, ...]

    @property
    def anything_runs(self) -> bool:
        """Whether any step that this version has can run on this data."""
        return any(step.built and step.state != "impossible" for step in self.steps)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "steps": [asdict(step) for step in self.steps],
            "remarks": [asdict(remark) for remark in self.remarks],
            "needs": [asdict(need) for need in self.needs],
        }


def diagnose(facts: Facts) -> Diagnosis:
    """The judgement on these facts."""
    return Diagnosis(tuple(_step(name, facts) for name in RULES), remarks(facts), needs(facts))


def _step(name: str, facts: Facts) -> Step:
    rule, fine = RULES[name]
    found = list(nothing(facts)) or list(rule(facts))
    worst: State = min((finding.state for finding in found), key=STATES.index, default="ready")
    telling = [finding for finding in found if finding.state == worst]
    reason = "; ".join(dict.fromkeys(finding.reason for finding in telling)) or fine
    remedy = "; ".join(dict.fromkeys(finding.remedy for finding in telling))
    return Step(name, worst, reason, remedy, name in facts.built)
