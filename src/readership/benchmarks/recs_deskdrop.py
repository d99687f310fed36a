"""What is read next on Deskdrop, an internal news site (CI&T, 2016–17), lived again in time order with the engine.

Every first read of a reader and an article is ranked among all articles that had appeared, with what was known
strictly before its second. The ranker is fitted on the months before the test; nothing is chosen on the test.
"""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.benchmarks.churn_deskdrop import FILE
from readership.benchmarks.recs_single_sources import SingleSources
from readership.benchmarks.result import result
from readership.contracts import ModelSpec
from readership.errors import InputError
from readership.evaluation.bootstrap import Draws, ratio
from readership.evaluation.ranking import difference, measure
from readership.models.recommendation.nouns import Read
from readership.models.recommendation.parameters import Parameters
from readership.models.recommendation.ranker import Ranker, gather
from readership.models.recommendation.recommender import Recommender
from readership.models.recommendation.replay import Step, place_of_read, replay

TRAIN_FROM = datetime(2016, 7, 1, tzinfo=UTC)
TEST_FROM = datetime(2016, 12, 1, tzinfo=UTC)
OLDER_HOURS = 7 * 24
PARAMETERS = Parameters(
    popular=150,
    of_category=0,
    fresh=120,
    together=60,
    neighbours=80,
    content=0,
    readers_kept=96,
    pairs_kept=100,
    history_kept=1000,
    history_used=1000,
    newest_age_days=400,
    refresh_ms=0,
)
RANKER = ModelSpec(
    "lambdarank",
    {"rounds": 300, "learning_rate": 0.06, "num_leaves": 31, "min_data_in_leaf": 50, "lambda_l2": 5.0},
)
PROTOCOL = (
    "first interaction of each person and item from 2016-12-01 on; candidates: items with an event strictly before its "
    "second, less those the person touched; events of one second are scored before any updates state; ties by lot; "
    "items never seen before are left out and their share stated, `…_unseen_as_misses` counts them; ranker fitted on "
    "2016-07-01 … 11-30, everything chosen on September to November; iALS, NMF and EASE refitted at 00:00 UTC of each "
    "day; intervals clustered by person"
)


class Tested(NamedTuple):
    """Ranks of the articles read in the test, by the hybrid and by each single source; of reads of seen articles."""

    reader: NDArray[np.int64]
    hours_old: NDArray[np.float64]
    brought: NDArray[np.bool_]
    rank: dict[str, NDArray[np.int64]]
    unseen_reader: NDArray[np.int64]


def run(data: Path) -> dict[str, Any]:
    """Figures of the hybrid, single sources as peers; InputError when the log is not there."""
    file = data / FILE
    if not file.is_file():
        raise InputError(f"{file} does not exist; --data names the folder that holds {FILE}")
    began = time.monotonic()
    tested, lists = judged(reads_of(file), _ms(TRAIN_FROM), _ms(TEST_FROM))
    peers = {name: _figures(tested, name) for name in tested.rank if name != "hybrid"}
    best = max(peers, key=lambda name: peers[name]["ndcg_at_10"])
    draws = Draws.of(tested.reader)
    margin = difference(tested.rank["hybrid"], tested.rank[best], draws)["ndcg_at_10"]
    figures = {
        **_figures(tested, "hybrid"),
        **_with_unseen(tested),
        "ndcg_at_10_over_best_source": margin["value"],
        "ndcg_at_10_over_best_source_low": margin["ci95"][0],
        "candidate_recall": float(tested.brought.mean()),
        "reads_test": len(tested.reader),
        "lists_train": lists,
    }
    return result("recs-deskdrop", figures, peers, f"{PROTOCOL}; best source {best}", time.monotonic() - began)


def reads_of(file: Path) -> list[Read]:
    """Every row of the log as a read, in stable time order."""
    log = pl.read_csv(file).sort("timestamp", maintain_order=True)
    columns = (log[name].to_list() for name in ("timestamp", "personId", "contentId", "sessionId"))
    return [Read(at * 1000, reader, str(item), str(visit)) for at, reader, item, visit in zip(*columns, strict=True)]


def judged(reads: list[Read], train_ms: int, test_ms: int) -> tuple[Tested, int]:
    """Learn up to the test, fit, then rank each read of the test; also how many lists the ranker was fitted on."""
    recommender = Recommender(PARAMETERS)
    sources = SingleSources(recommender, since_ms=test_ms)
    steps = replay(recommender, reads, since_ms=train_ms, appear_when_read=True, each_day=sources.refit)
    asked: list[tuple[NDArray[np.float32], int]] = []
    ranker: Ranker | None = None
    random = np.random.default_rng(0)
    rows: list[tuple[int, float, bool]] = []
    ranks: dict[str, list[int]] = {}
    unseen: list[int] = []
    lists = 0
    for step in steps:
        if step.read.at_ms < test_ms:
            asked.append((step.shortlist.features, step.at))
            continue
        if ranker is None:
            fitting = gather(asked)
            lists, asked = len(fitting.size), []
            ranker = Ranker(RANKER).fit(fitting)
        if step.unseen:
            unseen.append(step.read.reader)
            continue
        rows.append((step.read.reader, step.hours_old, step.at >= 0))
        found = {"hybrid": _rank(step, ranker, random), **sources.ranks(step, random)}
        for name, rank in found.items():
            ranks.setdefault(name, []).append(rank)
    reader, hours_old, brought = zip(*rows, strict=True)
    return (
        Tested(
            np.array(reader, dtype=np.int64),
            np.array(hours_old),
            np.array(brought),
            {name: np.array(values) for name, values in ranks.items()},
            np.array(unseen, dtype=np.int64),
        ),
        lists,
    )


def _rank(step: Step, ranker: Ranker, random: np.random.Generator) -> int:
    return place_of_read(step, ranker.margin(step.shortlist.features), random)


def _figures(tested: Tested, name: str) -> dict[str, Any]:
    draws = Draws.of(tested.reader)
    found = measure(tested.rank[name], draws)
    figures: dict[str, Any] = {}
    for metric in ("hr_at_10", "mrr_at_10", "ndcg_at_10"):
        low, high = found[metric]["ci95"]
        figures |= {metric: found[metric]["value"], f"{metric}_low": low, f"{metric}_high": high}
    older = tested.hours_old > OLDER_HOURS
    share = ratio(tested.rank[name][older] <= 10, np.ones(int(older.sum())), draws.take(older))
    return {**figures, "hr_at_10_older_items": share["value"]}


def _with_unseen(tested: Tested) -> dict[str, float]:
    """The figures with reads of articles never seen before as misses, and the share of those."""
    whole = len(tested.reader) + len(tested.unseen_reader)
    draws = Draws.of(np.concatenate([tested.reader, tested.unseen_reader]))
    found = measure(np.concatenate([tested.rank["hybrid"], np.zeros(len(tested.unseen_reader), dtype=int)]), draws)
    shares = {f"{name}_unseen_as_misses": found[name]["value"] for name in ("hr_at_10", "mrr_at_10", "ndcg_at_10")}
    return {**shares, "unseen_item_share": len(tested.unseen_reader) / whole}


def _ms(time: datetime) -> int:
    return int(time.timestamp() * 1000)
