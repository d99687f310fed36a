"""The evaluation of segments: what docs/evaluation.md lists for answers of the kind "segment"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from readership.contracts import Dataset, Evaluation
from readership.evaluation.bootstrap import Draws
from readership.evaluation.segment_verdict import next_steps, sentence, trust
from readership.evaluation.segments import Judged, Later, draws_of, judge, judge_rule, mean_of
from readership.models import rfv
from readership.models._behaviour import Floats, Trait
from readership.models._clusters import Grouping, Labels, Method, dbscan, gaussian_mixture, group, kmeans
from readership.models._how_many import Choice, Tried
from readership.models._segment_words import WORDS
from readership.models._segments import Segments, named

MOST_SHOWN = 1_200
"""Points of the scatter plot."""
LOTS = 20
"""How often segments are drawn by lot."""
MOST_SLICES, FEWEST_IN_SLICE = 8, 20


@dataclass(frozen=True)
class Facts:
    """What the file says besides numbers measured here; see `evaluate.Facts`."""

    question: str
    who_acts: str
    definition: str
    data: Mapping[str, Any]
    protocol: Mapping[str, Any]
    leakage: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Deployed:
    """The segments as they go live: the grouping, its ids and words, and the rows of the newest cut-offs."""

    grouping: Grouping
    segments: Segments
    rows: Dataset


def evaluate_segments(
    early: Dataset,
    late: Dataset,
    traits: tuple[Trait, ...],
    choice: Choice,
    tried: Sequence[Tried],
    deployed: Deployed,
    facts: Facts,
    *,
    refits: int,
) -> Evaluation:
    """Segments fitted on `early` rows and judged on `late` ones, beside other numbers, other methods, and floors."""
    later = Later.of(late)
    methods: dict[str, Method] = {f"kmeans_{one.segments}": kmeans(one.segments) for one in tried}
    methods |= {"gaussian_mixture": gaussian_mixture(choice.segments), "dbscan": dbscan}
    fitted = {name: group(early, traits, method) for name, method in methods.items()}
    judged = {name: judge(fitted[name], later, traits, method, refits) for name, method in methods.items()}
    champion = judged[f"kmeans_{choice.segments}"]
    draws, floors = draws_of(later), _floors(fitted[f"kmeans_{choice.segments}"], later, choice.segments)
    evaluation: Evaluation = {
        "task": late.task,
        "kind": "segment",
        "champion": "kmeans",
        "question": facts.question,
        "who_acts": facts.who_acts,
        "data": dict(facts.data),
        "protocol": {
            **facts.protocol,
            "definition": facts.definition,
            "count": choice.segments,
            "champion_chosen_by": choice.why,
            "stable_count": choice.stable,
            "readers_judged": draws.readers,
            "refits": refits,
            "interval": "reader-clustered bootstrap, 95%; of the stability: where 95% of the refits lie",
        },
        "metrics": dict(champion.metrics),
        "targets": {},
        "candidates": {name: one.beside(champion, draws) for name, one in judged.items()},
        "floors": {name: one.beside(champion, draws) for name, one in floors.items()},
        "oracle": None,
        "leakage": dict(facts.leakage),
        "choice": [{**one._asdict(), "stability": one.stability} for one in tried],
        "segments": deployed.segments.content["segments"],
        "slices": _slices(champion, later.newest, draws),
        "sizes": _sizes(deployed),
        "flows": _flows(deployed),
        "map": _map(deployed),
        "timings_seconds": {name: round(float(value), 3) for name, value in facts.timings.items()},
    }
    evaluation["sentence"] = sentence(evaluation)
    evaluation["headline"] = {"name": "Stability (ARI)", "metric": evaluation["metrics"]["stability_ari"]}
    evaluation["trust"] = trust(evaluation)
    evaluation["next_steps"] = next_steps(evaluation)
    return evaluation


def _floors(fitted: Grouping, later: Later, count: int) -> dict[str, Judged]:
    """Segments that need no model: bands of the RFV score, and as many as chosen by lot."""
    points = fitted.space.apply(later.newest)
    bands = np.array([rfv.BANDS.index(band) for band in rfv.of_rows(later.newest)[1]], dtype=np.int64)
    rng = np.random.default_rng(0)
    by_lot = [rng.integers(0, count, len(points)) for _ in range(LOTS + 1)]
    return {
        "rfv_bands": judge_rule(points, bands, later, [bands]),
        "random": judge_rule(points, by_lot[0], later, by_lot[1:]),
    }


def _slices(champion: Judged, newest: Dataset, draws: Draws) -> list[dict[str, Any]]:
    """Silhouette of the commonest parts of the readers, of at least `FEWEST_IN_SLICE` each."""
    found = []
    for name, values in newest.slices.items():
        words, counts = np.unique(values, return_counts=True)
        for at in np.argsort(-counts, kind="stable")[:MOST_SLICES]:
            if counts[at] >= FEWEST_IN_SLICE:
                inside = values == words[at]
                part = {"slice": name, "value": str(words[at]), "n": int(counts[at])}
                found.append({**part, "silhouette": mean_of(champion.own[inside], draws.take(inside))})
    return found


def _placed(deployed: Deployed) -> dict[str, tuple[Dataset, Labels]]:
    """Readers of each cut-off and their segments, in time order."""
    found = {}
    for as_of in np.unique(deployed.rows.as_of):
        rows = deployed.rows.take(deployed.rows.as_of == as_of)
        found[str(as_of)[:10]] = rows, named(deployed.grouping.groups(rows), deployed.segments.ids)
    return found


def _sizes(deployed: Deployed) -> list[dict[str, Any]]:
    """Readers of each segment at each cut-off."""
    return [
        {"as_of": as_of, "id": id_, "readers": int((ids == id_).sum()), "share": round(float((ids == id_).mean()), 4)}
        for as_of, (_, ids) in _placed(deployed).items()
        for id_ in sorted(deployed.segments.ids)
    ]


def _flows(deployed: Deployed) -> list[dict[str, Any]]:
    """Where the readers of each segment stood one cut-off later; `to` is None for those who no longer come back."""
    placed = _placed(deployed)
    found = []
    for (earlier, (before, ids)), (later, (after, next_ids)) in zip(
        list(placed.items()), list(placed.items())[1:], strict=False
    ):
        now = dict(zip(after.reader.tolist(), next_ids.tolist(), strict=True))
        to = np.array([now.get(reader, 0) for reader in before.reader.tolist()], dtype=np.int64)
        for id_ in sorted(deployed.segments.ids):
            inside = ids == id_
            for other in (*sorted(deployed.segments.ids), 0):
                moved = int((to[inside] == other).sum())
                share = round(moved / max(1, int(inside.sum())), 4)
                cell = {"from": id_, "to": other or None, "readers": moved, "share": share}
                found.append({"from_as_of": earlier, "to_as_of": later, **cell})
    return found


def _map(deployed: Deployed) -> dict[str, Any]:
    """Readers along the two directions in which they differ most, and what each direction is about."""
    newest = list(_placed(deployed).values())[-1]
    rows, ids = newest
    some = np.random.default_rng(0).permutation(len(rows))[:MOST_SHOWN]
    points = deployed.grouping.space.apply(rows.take(some))[:, :2]
    space = deployed.grouping.space
    about = [_about(axis, [WORDS[trait.name].label for trait in space.traits]) for axis in space.axes[:2]]
    shown = [{"x": round(x, 3), "y": round(y, 3), "id": int(i)} for (x, y), i in zip(points, ids[some], strict=True)]
    return {"about": about, "points": shown}


def _about(axis: Floats, labels: list[str]) -> str:
    """`more: reading time, articles read; less: arrivals by search`: the three traits that a direction is made of."""
    strongest = np.argsort(-np.abs(axis))[:3]
    ways = {"more": [labels[at] for at in strongest if axis[at] > 0]}
    ways["less"] = [labels[at] for at in strongest if axis[at] <= 0]
    return "; ".join(f"{way}: {', '.join(those)}" for way, those in ways.items() if those)
