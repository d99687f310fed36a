"""Who buys in this visit? UCI Online Shoppers: 12,330 visits to a shop, each by another person, 15.5 % buy.

Judged three times: five folds at random (the literature's way), by month (trained until September, judged on
October to December), and by month without `PageValues`, which the shop works out from the purchase itself.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.model_selection import StratifiedKFold, train_test_split

from readership.benchmarks.result import result
from readership.benchmarks.tables import Judged, Split, judge, table
from readership.errors import InputError

FILE = Path("online_shoppers") / "online_shoppers_intention.csv"
VALID, TEST = ("Aug", "Sep"), ("Oct", "Nov", "Dec")
CODES = ("OperatingSystems", "Browser", "Region", "TrafficType", "VisitorType", "Month")
SEED = 42
PROTOCOL = (
    "a) StratifiedKFold(5, shuffle, seed 42), out-of-fold probabilities pooled, champion of each fold by log loss on a "
    "stratified fifth of its training rows; b) month order: champion by log loss on August and September, judged on "
    "October to December, Month dropped; c) b without PageValues; every champion fitted again on all its training "
    "rows; champions a) {a} b) {b} c) {c}"
)


def run(data: Path) -> dict[str, Any]:
    """Figures of the champions, all candidates as peers; InputError when the data is not there."""
    file = data / FILE
    if not file.is_file():
        raise InputError(f"{file} does not exist; --data names the folder that holds {FILE}")
    began = time.monotonic()
    visits = pl.read_csv(file, infer_schema_length=None).with_columns(
        pl.col(*CODES).cast(pl.String), pl.col("Weekend", "Revenue").cast(pl.Boolean)
    )
    shuffled, ordered = _shuffled(visits), _ordered(visits)
    honest = _ordered(visits.drop("PageValues"))
    figures = {
        **shuffled.figures,
        **_also(ordered, "month_ordered"),
        **_also(honest, "without_pagevalues"),
    }
    peers = {
        name: {**found, **_also(ordered, "month_ordered", name), **_also(honest, "without_pagevalues", name)}
        for name, found in shuffled.peers.items()
    }
    named = {"a": ", ".join(shuffled.champions), "b": ordered.champions[0], "c": honest.champions[0]}
    return result("conversion-shoppers", figures, peers, PROTOCOL.format(**named), time.monotonic() - began)


def _shuffled(visits: pl.DataFrame) -> Judged:
    rows = table("conversion", visits.drop("Revenue"), visits["Revenue"].to_numpy())
    folds = StratifiedKFold(5, shuffle=True, random_state=SEED).split(rows.features, rows.label)
    splits = []
    for known, test in folds:
        train, valid = train_test_split(known, test_size=0.2, random_state=SEED, stratify=rows.label[known])
        splits.append(Split(train, valid, test))
    return judge(rows, splits)


def _ordered(visits: pl.DataFrame) -> Judged:
    rows = table("conversion", visits.drop("Revenue", "Month"), visits["Revenue"].to_numpy())
    month = visits["Month"].to_numpy()
    train = ~np.isin(month, VALID + TEST)
    return judge(
        rows, [Split(*(np.flatnonzero(part) for part in (train, np.isin(month, VALID), np.isin(month, TEST))))]
    )


def _also(judged: Judged, how: str, peer: str | None = None) -> dict[str, float]:
    found = judged.peers[peer] if peer else judged.figures
    names = ("roc_auc", "average_precision", "log_loss", "ece")
    return {
        f"{name}{bound}_{how}": found[f"{name}{bound}"]
        for name in names
        for bound in (("", "_low", "_high") if name == "roc_auc" else ("",))
    }
