"""`readership impact`: what the product's decisions are worth to a simulated publisher, lived once under each."""

import json
import os
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.errors import InputError
from readership.evaluation.files import read_evaluations
from readership.evaluation.impact import OUTCOMES, compared, verdict, within
from readership.evaluation.reports.impact import write_impact_report
from readership.evaluation.reports.index import write_index
from readership.pipelines.impact_learning import LEARNT_DAYS, Learnt, learn
from readership.pipelines.impact_lists import in_half
from readership.pipelines.impact_living import Lived, live_all
from readership.pipelines.impact_outcomes import Span, daily, outcomes
from readership.pipelines.impact_policies import STANDING, futures_of
from readership.pipelines.progress import Progress
from readership.settings import Settings
from readership.simulator import World
from readership.simulator.world import everybody

SEED = 11
FEWEST_READERS, FEWEST_DAYS = 1_500, 60
SIMULATED = (
    "SIMULATED: no reader of yours is in these figures. They say what the product's decisions change in a publisher "
    "that this software invents, whose readers answer by rules that are written down (docs/simulator.md)."
)
NAIVE = {
    "retention": "retention_random",
    "offers": "offers_last_visit",
    "prompts": "prompts_last_visit",
    "pages": "pages_popularity",
    "ads": "ads_greedy",
    "all": "all_naive",
}
"""By group of policies: the simple policy at the same cost that ours has to beat."""


class Compared(NamedTuple):
    """One world and its futures: by future and outcome a number for each reader, and what was counted."""

    learnt: Learnt
    span: Span
    values: dict[str, dict[str, NDArray[np.float64]]]
    lived: dict[str, Lived]


def impact(settings: Settings, *, readers: int, days: int, worlds: int, progress: Progress) -> dict[str, Any]:
    """Live, compare, write `impact/impact.json` and `reports/impact.html` of the artifacts; returns what was measured.

    Raises InputError where the world is too small to learn from, or too short for the outcomes to be known.
    """
    if readers < FEWEST_READERS or days < FEWEST_DAYS:
        raise InputError(
            f"{readers} readers and {days} days are too few: subscribers decide within {FEWEST_DAYS} days, and "
            f"{FEWEST_READERS} readers are needed to learn from; give at least these"
        )
    began = time.monotonic()
    parts = [_world(readers, days, SEED + number, progress) for number in range(worlds)]
    measured = {
        "simulated": True,
        "statement": SIMULATED,
        "readers": readers,
        "days": days,
        "seeds": [SEED + number for number in range(worlds)],
        "learnt_days": LEARNT_DAYS,
        **compare(parts),
        "seconds": round(time.monotonic() - began, 1),
    }
    path = _write(measured, settings.artifacts_dir / "impact" / "impact.json")
    reports = settings.artifacts_dir / "reports"
    page = write_impact_report(measured, reports)
    write_index(read_evaluations(settings.artifacts_dir / "evaluation"), reports)
    return measured | {"file": str(path), "report": str(page)}


def _world(readers: int, days: int, seed: int, progress: Progress) -> Compared:
    with TemporaryDirectory(prefix="readership-impact-") as folder:
        learnt = learn(World(readers, LEARNT_DAYS, seed), Path(folder), progress)
        world = World(readers, LEARNT_DAYS + days, seed)
        names = futures_of(learnt)
        with progress.step(f"the next {days} days, lived {len(names)} times"):
            lived = live_all(world, learnt, names)
    begin = world.start + timedelta(days=LEARNT_DAYS)
    span = Span(begin, days, len(everybody(world)))
    return Compared(learnt, span, {name: outcomes(one, learnt, span) for name, one in lived.items()}, lived)


def compare(parts: list[Compared]) -> dict[str, Any]:
    """Everything that was measured, of all worlds together."""
    names = [name for name in parts[0].values if all(name in part.values for part in parts)]
    pooled = {
        outcome: {name: np.concatenate([part.values[name][outcome] for part in parts]) for name in names}
        for outcome in (*OUTCOMES, "discount_eur")
    }
    lifts = {outcome: compared(worlds, STANDING) for outcome, worlds in pooled.items()}
    return {
        "populations": {name: _asked(parts, name) for name in ("churn", "retention", "offer")},
        "ordered_by": [dict(part.learnt.ordered_by) for part in parts],
        "models": [dict(part.learnt.models) for part in parts],
        "policies": {name: _policy(name, parts, lifts) for name in names},
        "over_naive": _over_naive(pooled),
        "best_ads_eur": _best_ads(parts),
        "targets": _targets(lifts),
        "check": _check(parts),
        "daily": _daily(parts, names),
    }


def _asked(parts: list[Compared], name: str) -> int:
    return sum(len(part.learnt.asked[name]) for part in parts)


def _policy(name: str, parts: list[Compared], lifts: Mapping[str, Any]) -> dict[str, Any]:
    """What a policy changed, and what it took: offers made, questions of the paywall, euros off the price."""
    return {
        "contacts": sum(part.lived[name].contacts for part in parts),
        "prompts": sum(part.lived[name].prompts for part in parts),
        "discount_eur": lifts["discount_eur"][name]["total"],
        "outcomes": {outcome: lifts[outcome][name] for outcome in OUTCOMES},
    }


def _over_naive(pooled: Mapping[str, Mapping[str, NDArray[np.float64]]]) -> dict[str, Any]:
    """Ours over the simple policy, by group and outcome."""
    found: dict[str, Any] = {}
    for group, naive in NAIVE.items():
        ours = f"{group}_ours"
        found[group] = {
            outcome: compared({naive: pooled[outcome][naive], ours: pooled[outcome][ours]}, naive)[ours]["lift"]
            for outcome in OUTCOMES
        }
    return found


def _best_ads(parts: list[Compared]) -> float:
    """Advertising revenue of the standing world had the best advertisement always been shown."""
    return round(sum(float(part.lived[STANDING].ads["best_eur"].sum()) for part in parts), 4)


def _targets(lifts: Mapping[str, Any]) -> dict[str, Any]:
    """The roadmap's targets against all decisions of the product together."""
    found = {}
    for name, outcome in OUTCOMES.items():
        if outcome.target is not None:
            lift, events = lifts[name]["all_ours"]["lift"], lifts[name][STANDING]["total"]
            found[name] = {
                "roadmap": outcome.target,
                "reached": lift["value"],
                "ci95": lift["ci95"],
                "events": round(events) if outcome.unit == "share" else None,
                "verdict": verdict(lift, outcome.target, events if outcome.unit == "share" else float("inf")),
            }
    return found


def _check(parts: list[Compared]) -> dict[str, Any]:
    """The list of offers once as an experiment within one world: half of it contacted, by lot."""
    outcome: list[NDArray[np.float64]] = []
    treated: list[NDArray[np.bool_]] = []
    twin: list[NDArray[np.float64]] = []
    for part in parts:
        readers = part.learnt.asked["offer"]
        listed = np.isin(readers, part.learnt.lists["offer"]["ours"])
        started = {name: part.values[name]["conversion"][listed] for name in ("offers_half", "offers_ours", STANDING)}
        outcome.append(started["offers_half"])
        treated.append(in_half(readers[listed]))
        twin.append(started["offers_ours"] - started[STANDING])
    return within(np.concatenate(outcome), np.concatenate(treated), np.concatenate(twin))


def _daily(parts: list[Compared], names: list[str]) -> dict[str, Any]:
    """By outcome and world, sums by day over all readers."""
    shown = [name for name in names if name == STANDING or name.startswith("all_")]
    found = {name: [daily(part.lived[name], part.learnt, part.span) for part in parts] for name in shown}
    return {
        outcome: {name: np.sum([one[outcome] for one in found[name]], axis=0).round(3).tolist() for name in shown}
        for outcome in ("engaged_minutes", "conversion")
    }


def _write(measured: dict[str, Any], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.part")
    draft.write_text(json.dumps(measured, indent=1, allow_nan=False, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(draft, path)
    return path
