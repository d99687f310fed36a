"""What to do, and why: the rule that turns intervals into a decision, fixed before anybody looks."""

from collections.abc import Sequence
from typing import NamedTuple

from readership.experiments.analysis import Effect
from readership.experiments.definition import Experiment, Metric
from readership.experiments.sample_ratio import SampleRatio

ALPHA = 0.05


class Finding(NamedTuple):
    """Of one metric of one variant: better, worse, open or unknown; of a guard-rail harmed, safe, open or unknown."""

    effect: Effect
    is_guardrail: bool
    verdict: str


class Verdict(NamedTuple):
    """Of one variant: `broken`, `harm`, `adopt`, `drop`, `wait` (it still runs), `no difference`."""

    variant: str
    verdict: str


def findings(experiment: Experiment, effects: Sequence[Effect], complete: bool) -> list[Finding]:
    """What each interval says: the always-valid one while the experiment runs, the fixed one once it is complete.

    A metric counts as better or worse where its interval leaves out 0 (once complete: where its adjusted p is below
    0.05 as well). A guard-rail is harmed where its interval lies on the worse side of 0, and safe where even its worse
    end is within the margin.
    """
    named = {metric.name: metric for metric in experiment.judged}
    guards = {metric.name for metric in experiment.guardrails}
    return [Finding(e, e.metric in guards, _of(named[e.metric], e, complete, e.metric in guards)) for e in effects]


def verdicts(experiment: Experiment, found: Sequence[Finding], split: SampleRatio, complete: bool) -> list[Verdict]:
    """What to do with each variant; a broken split or a harmed guard-rail comes before any gain."""
    return [
        Verdict(variant, _verdict(experiment, variant, found, split, complete)) for variant in experiment.variants[1:]
    ]


def interval(effect: Effect, complete: bool) -> tuple[float, float] | None:
    """The interval that counts now."""
    low, high = (effect.low, effect.high) if complete else (effect.always_low, effect.always_high)
    return None if low is None or high is None else (low, high)


def _of(metric: Metric, effect: Effect, complete: bool, guard: bool) -> str:
    span = interval(effect, complete)
    if effect.unknown or span is None:
        return "unknown"
    low, high = span if metric.better == "more" else (-span[1], -span[0])
    if guard:
        room = (metric.margin or 0.0) * abs(effect.control or 0.0)
        return "harmed" if high < 0 else "safe" if low > -room else "open"
    sure = not complete or (effect.p_adjusted or 0.0) < ALPHA
    return "better" if low > 0 and sure else "worse" if high < 0 and sure else "open"


def _verdict(experiment: Experiment, variant: str, found: Sequence[Finding], split: SampleRatio, complete: bool) -> str:
    own = [finding for finding in found if finding.effect.variant == variant]
    if split.broken:
        return "broken"
    if any(finding.verdict == "harmed" for finding in own):
        return "harm"
    first = next(f.verdict for f in own if f.effect.metric == experiment.metrics[0].name)
    if first in ("better", "worse"):
        return {"better": "adopt", "worse": "drop"}[first]
    return "no difference" if complete else "wait"
