"""What is opened next in a session? Diginetica as the session papers split it, every item ranked.

Any folder with `train.parquet` (session, pos, item; sessions in the order of time) and `test.parquet` (row, pos, item,
target) will do. Test rows are only asked about, never learnt from: they list one session's beginnings, so a longer
row holds the answer of a shorter one.
"""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.benchmarks.result import result
from readership.errors import InputError
from readership.models.recommendation.session_blend import (
    CHUNK,
    Ranks,
    SessionBlend,
    chosen_blend,
    chunks,
    place_of,
    sparse_places,
)
from readership.models.recommendation.session_neighbours import (
    Neighbourhood,
    SessionNeighbours,
    following,
    sequential_rules,
)
from readership.models.recommendation.session_walks import SessionWalks
from readership.models.recommendation.sessions import Sessions

FOLDER = Path("diginetica")
LATER = 0.1
FIRST_SHARE = 0.65
CHOSEN_ON = 6000
SEED = 1
PROTOCOL = (
    "P@20 and MRR@20, all items ranked, those opened before too; neighbours' settings chosen earlier on the newest "
    "tenth of the training sessions, the network's best state and the blend ({blend}) in this run; then all "
    "training sessions learnt and the {rows} test rows asked once"
)


class _Watch:
    """When something began, by the clock and by what the process had spent of the processor."""

    def __init__(self) -> None:
        self.at, self.spent = time.monotonic(), time.process_time()


class Split(NamedTuple):
    """Training sessions, test rows with what followed them, and how many items there are."""

    train: Sessions
    asked: Sessions
    following: NDArray[np.int32]
    items: int


def run(data: Path, budget_minutes: float = 40.0) -> dict[str, Any]:
    """Figures of neighbours and network blended, each alone as a peer; of neighbours alone for a budget of 0.

    InputError when the data is not there.
    """
    began = time.monotonic()
    split = read(data / FOLDER if (data / FOLDER).is_dir() else data)
    neighbours, peers = _neighbours(split)
    figures: dict[str, Any] = dict(peers["neighbours"])
    chosen = "no network"
    if budget_minutes > 0:
        blend, trained = _with_network(split, neighbours, 60 * budget_minutes)
        chosen = f"power {blend.power}, weight of neighbours {blend.weight}"
        peers["network"], judged = _judged(blend, split)
        figures = judged | trained
    protocol = PROTOCOL.format(blend=chosen, rows=len(split.asked))
    return result("recs-diginetica", figures, peers, protocol, time.monotonic() - began)


def read(folder: Path) -> Split:
    """The two files; items are numbered anew from 0, in the order of their numbers."""
    files = [folder / f"{name}.parquet" for name in ("train", "test")]
    for file in files:
        if not file.is_file():
            raise InputError(f"{file} does not exist; --data names the folder that holds it, or holds {FOLDER}/")
    train, test = (pl.read_parquet(file) for file in files)
    train, test = train.sort("session", "pos"), test.sort("row", "pos")
    items = pl.concat([train["item"], test["item"], test["target"]]).unique().sort()
    last = test.group_by("row", maintain_order=True).agg(pl.col("target").last())["target"]
    return Split(_sessions(train, "session", items), _sessions(test, "row", items), _places(last, items), len(items))


def _neighbours(split: Split) -> tuple[SessionNeighbours, dict[str, Any]]:
    """The neighbours of all training sessions, and what they and their parts are worth on the test rows."""
    began = _Watch()
    neighbours = SessionNeighbours(split.train, split.items)
    found = {"neighbours": _sparse(neighbours.shares(split.asked), split, began)}
    began = _Watch()
    rules = sequential_rules(split.train, split.items, np.ones(len(split.train)))
    found["sequential_rules"] = _sparse(following(rules, split.asked), split, began)
    began = _Watch()
    alone = SessionNeighbours(split.train, split.items, Neighbourhood(walks=0.0, again=0.0, rules=0.0))
    found["past_sessions_alone"] = _sparse(alone.shares(split.asked), split, began)
    began = _Watch()
    walks = SessionWalks(sequential_rules(split.train, split.items, np.ones(len(split.train)), 1.0))
    found["walks_alone"] = _sparse(walks.shares(split.asked), split, began)
    return neighbours, found


def _with_network(split: Split, neighbours: SessionNeighbours, seconds: float) -> tuple[SessionBlend, dict[str, Any]]:
    """Learnt and chosen on the older sessions and those after them; then the newest are learnt too."""
    from readership.models.recommendation.session_network_fit import Plan, fit

    began, older = _Watch(), round((1 - LATER) * len(split.train))
    past, later = split.train.between(0, older), split.train.between(older, len(split.train)).beginnings()
    first = fit(past, split.items, seconds=FIRST_SHARE * seconds, held_out=later, seed=SEED)
    some = np.linspace(0, len(later[0]) - 1, min(CHOSEN_ON, len(later[0]))).astype(np.int64)
    blend = chosen_blend(SessionNeighbours(past, split.items), first.network, later[0].chosen(some), later[1][some])
    left = seconds - (time.monotonic() - began.at)
    plan = replace(Plan(), rate=Plan().rate / 2, epochs=2)
    whole = fit(split.train, split.items, seconds=left, start=first.network, plan=plan, seed=SEED)
    trained = {
        "training_minutes": round((time.monotonic() - began.at) / 60, 1),
        "training_cpu_minutes": round((time.process_time() - began.spent) / 60, 1),
        "training_threads": 1,
        "passes": round(first.passes + whole.passes, 1),
    }
    return replace(blend, neighbours=neighbours, network=whole.network), trained


def _judged(blend: SessionBlend, split: Split) -> tuple[dict[str, float], dict[str, float]]:
    """What the network alone and the blend are worth on the test rows."""
    began, alone, both = _Watch(), [], []
    for at, part in chunks(split.asked):
        followed = split.following[at : at + CHUNK]
        scores = blend.network.scores(part)
        alone.append(place_of(scores, followed))
        both.append(place_of(blend.with_network(scores, part), followed))
    return _figures(np.concatenate(alone), began), _figures(np.concatenate(both), began)


def _sparse(shares: Any, split: Split, began: _Watch) -> dict[str, float]:
    return _figures(sparse_places(shares, split.following), began)


def _figures(place: NDArray[np.float64], began: _Watch) -> dict[str, float]:
    ranks = Ranks.of(place)
    return {
        "p_at_20": ranks.precision,
        "mrr_at_20": ranks.reciprocal,
        "seconds": round(time.monotonic() - began.at, 1),
        "cpu_seconds": round(time.process_time() - began.spent, 1),
    }


def _sessions(table: pl.DataFrame, key: str, items: pl.Series) -> Sessions:
    lengths = table.group_by(key, maintain_order=True).len()["len"].to_numpy()
    return Sessions(_places(table["item"], items), np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


def _places(values: pl.Series, items: pl.Series) -> NDArray[np.int32]:
    return np.searchsorted(items.to_numpy(), values.to_numpy()).astype(np.int32)
