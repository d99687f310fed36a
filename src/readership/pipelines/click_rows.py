"""Impressions beside what was known when they were made: counts by SQL, joined to each row as of its ten minutes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.features.clicks.curve import MILLION, Curve
from readership.features.clicks.derive import WINDOWS, numbers, word_names
from readership.features.clicks.subject import DAY_TICKS, LOOKBACK_DAYS, TICK_MS, Subject
from readership.warehouse import Warehouse, read_sql

SQL = "readership.features.clicks"
COUNTS = ("clicks", "expected_micros")
ITEM_FACTS = ("paywalled", "title_words", "published_ms")
Floats = NDArray[np.float64]


class Known(NamedTuple):
    """Everything that was known of items and readers, each row from its tick on, until the next one of its key."""

    items: pl.DataFrame
    facts: pl.DataFrame
    traits: pl.DataFrame
    readers: pl.DataFrame


def tick_of(moment: datetime) -> int:
    """The last full ten minutes at this time.

    >>> from datetime import UTC
    >>> tick_of(datetime(1970, 1, 1, 0, 29, tzinfo=UTC))
    2
    """
    return int(moment.timestamp() * 1000) // TICK_MS


def known(
    warehouse: Warehouse, subject: Subject, curve: Curve, opens: datetime, closes: datetime, snapshot_at: datetime
) -> Known:
    """What is known at every tick in [opens, closes], from `LOOKBACK_DAYS` of history before."""
    span = {
        "opens_tick": tick_of(opens) - max(ticks for _, ticks in WINDOWS),
        "closes_tick": tick_of(closes),
        "snapshot_at": snapshot_at,
    }
    counting = {"thing": subject.thing, "lookback_ticks": LOOKBACK_DAYS * DAY_TICKS, **span, **curve.bound()}
    return Known(
        items=warehouse.frame(read_sql(SQL, "item_counts"), **counting),
        facts=warehouse.frame(read_sql(SQL, "items"), **span),
        traits=warehouse.frame(read_sql(SQL, "trait_counts"), **counting),
        readers=warehouse.frame(read_sql(SQL, "reader_counts"), **counting),
    )


def beside(subject: Subject, shown: pl.DataFrame, what: Known) -> pl.DataFrame:
    """The rows of `shown` (item_id, user_id, at_ms, …) with every feature of `subject`, in their order.

    A row sees what was known by the last full ten minutes before it.
    """
    rows = shown.with_row_index("row").with_columns(tick=pl.col("at_ms") // TICK_MS)
    if subject.thing == "article":
        facts = what.facts.drop("withdrawn_at", "brand")
        rows = rows.hstack(_as_of(rows, facts, ["item_id"], facts.columns[2:]))
    raw = _item_counts(rows, what.items)
    for name, trait in subject.traits:
        raw |= _counts(name, rows, what.traits.filter(trait=trait).rename({"word": name}), [name])
    raw |= _reader_counts(subject, rows, what.readers)
    return _features(subject, rows, raw)


def _item_counts(rows: pl.DataFrame, items: pl.DataFrame) -> dict[str, pl.Series]:
    found = {f"item_{name}": series for name, series in _last(rows, items, ["item_id"], (*COUNTS, "views")).items()}
    for name, ticks in WINDOWS:
        before = _last(rows.with_columns(pl.col("tick") - ticks), items, ["item_id"], COUNTS)
        found |= {f"item_{name}_{of}": found[f"item_{of}"] - before[of] for of in COUNTS}
    return found


def _reader_counts(subject: Subject, rows: pl.DataFrame, readers: pl.DataFrame) -> dict[str, pl.Series]:
    traits = dict(subject.traits)
    whole = _as_of(rows, readers.filter(trait=""), ["user_id"], [*COUNTS, "newest_ms", "tier"])
    found = {f"reader_{of}": whole[of].fill_null(0) for of in COUNTS}
    found |= {"reader_newest_ms": whole["newest_ms"], "tier": whole["tier"]}
    for name in subject.liked:
        own = readers.filter(trait=traits[name]).rename({"word": name})
        found |= _counts(f"reader_{name}", rows, own, ["user_id", name])
    return found


def _counts(name: str, rows: pl.DataFrame, states: pl.DataFrame, by: Sequence[str]) -> dict[str, pl.Series]:
    return {f"{name}_{of}": series for of, series in _last(rows, states, by, COUNTS).items()}


def _last(rows: pl.DataFrame, states: pl.DataFrame, by: Sequence[str], columns: Sequence[str]) -> dict[str, pl.Series]:
    """Counts as of each row, 0 where there are none yet."""
    found = _as_of(rows, states, by, columns)
    return {name: found[name].fill_null(0) for name in columns}


def _as_of(rows: pl.DataFrame, states: pl.DataFrame, by: Sequence[str], columns: Sequence[str]) -> pl.DataFrame:
    """For each row the newest state of its key at or before its tick, in the order of the rows."""
    left, right = rows.select("row", "tick", *by).sort("tick"), states.select(*by, "tick", *columns).sort("tick")
    joined = left.join_asof(right, on="tick", by=list(by), check_sortedness=False)
    return joined.sort("row").select(columns)


def _features(subject: Subject, rows: pl.DataFrame, raw: Mapping[str, pl.Series]) -> pl.DataFrame:
    numeric = {_renamed(name): _floats(series, name) for name, series in raw.items() if name != "tier"}
    own = {name: rows[name] for name in ("at_ms", "position", *ITEM_FACTS) if name in rows.columns}
    numeric |= {name: series.cast(pl.Float64).fill_null(np.nan).to_numpy() for name, series in own.items()}
    texts = rows.with_columns(tier=raw["tier"])
    return pl.DataFrame(numbers(subject, numeric)).hstack(
        [texts[name].cast(pl.String).replace("", None) for name in word_names(subject)]
    )


def _renamed(name: str) -> str:
    return name.replace("expected_micros", "expected")


def _floats(series: pl.Series, name: str) -> Floats:
    values: Any = series.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return values / MILLION if name.endswith("expected_micros") else values
