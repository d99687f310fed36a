"""Who says yes to an offer? UCI bank marketing: 41,188 calls in date order, and the share of yes rises fivefold.

Trained on the first four fifths, judged on the last. `duration` is dropped: nobody knows it before the call. The
columns of the economy are clocks, so whoever leans on them loses; those that drift are dropped before anything is
fitted, as everywhere in the product.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from readership.benchmarks.result import result
from readership.benchmarks.tables import Split, judge, table
from readership.errors import InputError

FILE = Path("bank_marketing") / "bank-additional-full.csv.gz"
NEVER_CALLED = 999
TRAIN_SHARE = 0.8
VALID_SHARE = 0.2
PROTOCOL = (
    "file order (by date), first 80 % to train, last 20 % to judge; duration dropped, pdays 999 as -1 with a flag; "
    "columns that drift between the first and last third of the training rows dropped; "
    "champion ({champion}) by log loss on the last fifth of the training rows, fitted again on all of them"
)


def run(data: Path) -> dict[str, Any]:
    """Figures of the champion, all candidates as peers; InputError when the data is not there."""
    file = data / FILE
    if not file.is_file():
        raise InputError(f"{file} does not exist; --data names the folder that holds {FILE}")
    began = time.monotonic()
    calls = pl.read_csv(file, separator=";", infer_schema_length=None)
    never = pl.col("pdays") == NEVER_CALLED
    known = calls.drop("y", "duration").with_columns(
        pdays=pl.when(never).then(-1).otherwise("pdays"), called_before=(~never).cast(pl.Int8)
    )
    rows = table("conversion", known, (calls["y"] == "yes").to_numpy(), in_time_order=True)
    first = int(TRAIN_SHARE * len(rows))
    inner = int((1 - VALID_SHARE) * first)
    found = judge(rows, [Split(np.arange(inner), np.arange(inner, first), np.arange(first, len(rows)))])
    figures = {
        **found.figures,
        "base_rate_train": float(rows.label[:first].mean()),
        "base_rate_test": float(rows.label[first:].mean()),
    }
    protocol = PROTOCOL.format(champion=found.champions[0])
    return result("conversion-bank", figures, found.peers, protocol, time.monotonic() - began)
