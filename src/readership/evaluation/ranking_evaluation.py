"""The evaluation of recommendations: what docs/evaluation.md lists for answers of the kind "ranking"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Evaluation, Metric
from readership.evaluation import ranking
from readership.evaluation.bootstrap import Draws, ratio
from readership.evaluation.ranking import Places
from readership.evaluation.ranking_verdict import next_steps, sentence, trust

POPULAR = "popular"
"""The floor that a recommender must beat by `GOAL`: what is read most now, the same for everybody."""
GOAL = 0.2
FEWEST_IN_PART = 30
UNKNOWN: Metric = {"value": None, "ci95": [None, None]}
MOST_BRANDS = 8
READER_AGES = ("first read", "2nd to 10th read", "later reads")
ARTICLE_AGES = ("under 1 hour", "1 to 6 hours", "6 to 24 hours", "1 to 7 days", "over 7 days")
IDENTITIES = ("known", "anonymous", "without consent")


@dataclass(frozen=True)
class Judged:
    """The reads that judge, in time order: who opened what, when.

    reader        uint64 [n]; draws of the intervals take whole readers
    at            datetime64[ms] [n], UTC
    reads_before  how many articles each had read before [n]
    age_hours     hours since the article was published, or first seen [n]
    identity      one of `IDENTITIES` [n]: a reader, a device, or somebody who is not to be recognised
    brand         [n]
    opened        place of the article in the catalogue [n], -1 where nobody had told of it, so nothing could rank it
    """

    reader: NDArray[np.uint64]
    at: NDArray[np.datetime64]
    reads_before: Places
    age_hours: NDArray[np.float64]
    identity: NDArray[np.str_]
    brand: NDArray[np.str_]
    opened: Places

    def __len__(self) -> int:
        return len(self.reader)

    def take(self, rows: NDArray[Any]) -> "Judged":
        """The reads where this mask is true."""
        return Judged(*(getattr(self, name)[rows] for name in Judged.__dataclass_fields__))


@dataclass(frozen=True)
class Orders:
    """How the champion and all it is compared with ranked the article opened at each read.

    champion    name of the one chosen on earlier days; one of `candidates`
    candidates  rank [n] by name, 0 where it was not among those ranked
    floors      the same, of rules that need no model; `POPULAR` is one of them
    slates      by name, of some of them: places of the first ten articles [n, 10], -1 where there were fewer
    """

    champion: str
    candidates: Mapping[str, Places]
    floors: Mapping[str, Places]
    slates: Mapping[str, Places]

    def take(self, rows: NDArray[Any]) -> "Orders":
        """The reads where this mask is true."""
        candidates, floors, slates = (
            {name: ranks[rows] for name, ranks in part.items()} for part in (self.candidates, self.floors, self.slates)
        )
        return Orders(self.champion, candidates, floors, slates)


@dataclass(frozen=True)
class Catalogue:
    """The articles that could be recommended.

    readers_of  how many readers read each, by the end [places]
    readers     how many readers there were
    candidates  how many could be recommended at some time of the test
    category    a number each [places], -1 where it has none
    vectors     what each is about [places, d], or None where the log says nothing of it
    """

    readers_of: Places
    readers: int
    candidates: int
    category: NDArray[Any]
    vectors: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class RankingFacts:
    """What the file says besides numbers measured here; see `evaluate.Facts`.

    n_train   reads that the ranker was fitted on
    examples  slates as people saw them: see docs/evaluation.md
    left_out  what was not tried, and why
    """

    question: str
    who_acts: str
    definition: str
    n_train: int
    data: Mapping[str, Any]
    protocol: Mapping[str, Any]
    leakage: Mapping[str, Any] = field(default_factory=dict)
    examples: Sequence[Mapping[str, Any]] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)


def evaluate_ranking(
    task: str, judged: Judged, orders: Orders, catalogue: Catalogue, facts: RankingFacts
) -> Evaluation:
    """Every order on the same reads; an article that nobody had told of is left out, and counted as a miss beside."""
    unseen = judged.opened < 0
    everything = Draws.of(judged.reader)
    seen, shown, draws = judged.take(~unseen), orders.take(~unseen), everything.take(~unseen)
    ranks = {**shown.candidates, **shown.floors}
    champion = shown.candidates[orders.champion]
    evaluation: Evaluation = {
        "task": task,
        "kind": "ranking",
        "champion": orders.champion,
        "question": facts.question,
        "who_acts": facts.who_acts,
        "data": dict(facts.data),
        "protocol": {"split": "temporal", **facts.protocol, "interval": "reader-clustered bootstrap, 95%"},
        "label": {
            "definition": facts.definition,
            "n_train": facts.n_train,
            "n_test": len(judged),
            "readers_test": everything.readers,
            "unseen_share": ratio(unseen, np.ones(len(judged)), everything),
        },
        "metrics": {
            **ranking.measure(champion, draws),
            **_of_slates(shown.slates[orders.champion], seen, catalogue, draws),
        },
        "counting_unseen": _counting_unseen(orders, unseen, everything),
        "targets": {},
        "goal": _goal(champion, shown.floors[POPULAR], seen.identity != IDENTITIES[-1], draws),
        "candidates": {name: _beside(shown.candidates[name], champion, draws) for name in shown.candidates},
        "floors": {name: _beside(shown.floors[name], champion, draws) for name in shown.floors},
        "slates": {name: _of_slates(slate, seen, catalogue, draws) for name, slate in shown.slates.items()},
        "oracle": None,
        "leakage": dict(facts.leakage),
        "slices": ranking.by_part(
            _parts(seen),
            {orders.champion: champion, POPULAR: ranks[POPULAR]},
            draws,
            fewest=FEWEST_IN_PART,
        ),
        "per_day": _per_day(seen, {orders.champion: champion, POPULAR: ranks[POPULAR]}, draws),
        "examples": [dict(example) for example in facts.examples],
        "left_out": dict(facts.left_out),
        "timings_seconds": {name: round(float(value), 3) for name, value in facts.timings.items()},
    }
    evaluation["sentence"] = sentence(evaluation)
    evaluation["headline"] = {"name": "NDCG@10", "metric": evaluation["metrics"]["ndcg_at_10"]}
    evaluation["trust"] = trust(evaluation)
    evaluation["next_steps"] = next_steps(evaluation)
    return evaluation


def _beside(rank: Places, champion: Places, draws: Draws) -> dict[str, Any]:
    return {
        **ranking.measure(rank, draws),
        "difference_to_champion": ranking.difference(rank, champion, draws),
    }


def _counting_unseen(orders: Orders, unseen: NDArray[np.bool_], draws: Draws) -> dict[str, Metric]:
    """The champion's figures where an article that nobody had told of is a miss."""
    return ranking.measure(np.where(unseen, 0, orders.candidates[orders.champion]), draws)


def _goal(champion: Places, popular: Places, may: NDArray[np.bool_], draws: Draws) -> dict[str, Any]:
    """How far above popularity the champion is: over all reads, and where the reader may be recognised."""
    found = ranking.lift(champion, popular, draws)
    recognised = ranking.lift(champion[may], popular[may], draws.take(may)) if may.any() else UNKNOWN
    met = found["value"] is not None and found["value"] >= GOAL
    return {"ndcg_lift": GOAL, "reached": found, "recognised": recognised, "met": met}


def _of_slates(slate: Places, seen: Judged, catalogue: Catalogue, draws: Draws) -> dict[str, Metric]:
    return {
        "coverage": ranking.coverage(slate, catalogue.candidates),
        "novelty": ranking.novelty(slate, catalogue.readers_of, catalogue.readers, draws),
        "intra_list_diversity": _diversity(slate, catalogue, draws),
        "popularity_lift": ranking.popularity_lift(slate, catalogue.readers_of, seen.opened, draws),
    }


def _diversity(slate: Places, catalogue: Catalogue, draws: Draws) -> Metric:
    """By texts, or else by categories; unknown where there is neither."""
    if catalogue.vectors is None and not (catalogue.category >= 0).any():
        return UNKNOWN
    return ranking.diversity(slate, draws, catalogue.category, catalogue.vectors)


def _parts(seen: Judged) -> dict[str, tuple[NDArray[np.str_], Sequence[str]]]:
    brands, counts = np.unique(seen.brand, return_counts=True)
    first = brands[np.argsort(-counts, kind="stable")][:MOST_BRANDS]
    return {
        "reader": (ranking.bands(seen.reads_before, [1, 10], READER_AGES), READER_AGES),
        "article": (ranking.bands(seen.age_hours, [1, 6, 24, 168], ARTICLE_AGES), ARTICLE_AGES),
        "identity": (seen.identity, IDENTITIES),
        "brand": (seen.brand, [str(name) for name in first if name]),
    }


def _per_day(seen: Judged, ranks: Mapping[str, Places], draws: Draws) -> list[dict[str, Any]]:
    days = seen.at.astype("datetime64[D]").astype(str)
    found = ranking.by_part(
        {"day": (days, sorted(set(days.tolist())))}, ranks, draws, fewest=FEWEST_IN_PART, shown=("ndcg_at_10",)
    )
    return [{"day": part["value"], "n": part["n"], "metrics": part["metrics"]} for part in found]
