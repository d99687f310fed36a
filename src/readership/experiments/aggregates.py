"""What an analysis needs of an experiment, computed in the warehouse: counts, sums and cross-products by variant.

No row of a reader leaves it. An outcome counts once its window is over, so that a unit's value, once counted, never
changes; the day on which that happened orders the units in time.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.experiments.definition import ATTRIBUTES, Experiment, Metric
from readership.experiments.measures import AMOUNTS, DAYS, MEASURES
from readership.warehouse import Warehouse, read_sql

if TYPE_CHECKING:
    from tea_tasting.aggr import Aggregates

SQL = "readership.experiments.sql"
DAY_MS = 86_400_000
AFTER, BEFORE, PREDICTED = 0, 1, 2


class Column(NamedTuple):
    """One value of a unit: a measure after or before its exposure, at most `cap`; or its prediction."""

    measure: str
    side: int
    cap: float = sys.float_info.max


class Parts(NamedTuple):
    """The columns of a metric: value, what it is per, and both as they were before; None where there is none."""

    value: Column
    per: Column | None
    before: Column | None
    per_before: Column | None

    @property
    def present(self) -> tuple[Column, ...]:
        """Those that there are."""
        return tuple(column for column in self if column is not None)


@dataclass(frozen=True)
class Moments:
    """Of some units: how many they are, the sums of their values [c], and of the products asked for [p]."""

    units: int
    sums: NDArray[np.float64]
    products: NDArray[np.float64]


@dataclass(frozen=True)
class Layout:
    """Which values of a unit are added up, and which of their products."""

    columns: tuple[Column, ...]
    pairs: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, metrics: Sequence[Metric], unit: str) -> "Layout":
        """All that these metrics need, each value once."""
        parts = [parts_of(metric, unit).present for metric in metrics]
        columns = tuple(dict.fromkeys(column for part in parts for column in part))
        pairs = {
            (min(i, j), max(i, j)) for part in parts for i in map(columns.index, part) for j in map(columns.index, part)
        }
        return cls(columns, tuple(sorted(pairs)))

    def aggregates(self, moments: Moments, columns: Iterable[Column]) -> "Aggregates":
        """Means, variances and covariances of some columns, as tea-tasting takes them; each under its place as text."""
        from tea_tasting.aggr import Aggregates

        places = sorted({self.columns.index(column) for column in columns})
        mean = {str(i): float(moments.sums[i] / moments.units) for i in places}
        pairs = {(i, j): self._covariance(moments, i, j) for i in places for j in places if i <= j}
        return Aggregates(
            moments.units,
            mean,
            {str(i): max(0.0, pairs[i, i]) for i in places},
            {(str(i), str(j)): value for (i, j), value in pairs.items() if i != j},
        )

    def name(self, column: Column | None) -> str | None:
        """What a column is called in `aggregates`."""
        return None if column is None else str(self.columns.index(column))

    def _covariance(self, moments: Moments, i: int, j: int) -> float:
        product = moments.products[self.pairs.index((i, j))]
        return float((product - moments.sums[i] * moments.sums[j] / moments.units) / (moments.units - 1))


@dataclass(frozen=True)
class Sums:
    """Moments by variant, day and segment.

    rows    place (of the variant, from 1), day, segment, units, moved, sums, products
    """

    layout: Layout
    rows: pl.DataFrame

    def exposed(self, place: int) -> int:
        """Units of a variant, whether or not their outcome is complete."""
        return int(self.rows.filter(place=place)["units"].sum())

    @property
    def moved(self) -> int:
        """Units that were exposed to a second variant later; they count in their first."""
        return int(self.rows["moved"].sum())

    @cached_property
    def days(self) -> list[int]:
        """Days since the start on which an outcome was complete, in order."""
        return sorted(int(day) for day in self.rows["day"].unique() if day > 0)

    def moments(self, place: int, until: int | None = None, segment: str | None = None) -> Moments:
        """Of the units of a variant whose outcome was complete, by a day, in a segment."""
        rows = self.rows.filter(pl.col("place") == place, pl.col("day") > 0)
        rows = rows if until is None else rows.filter(pl.col("day") <= until)
        rows = rows if segment is None else rows.filter(pl.col("segment") == segment)
        return Moments(
            int(rows["units"].sum()),
            _added(rows["sums"], len(self.layout.columns)),
            _added(rows["products"], len(self.layout.pairs)),
        )


class View(NamedTuple):
    """What is known, and of whom: now, the newest load that counts, and the purposes agreed to by silence (bits)."""

    now: datetime
    snapshot_at: datetime
    default_consent: int


def parts_of(metric: Metric, unit: str) -> Parts:
    """The columns of a metric. A session has no time before it."""
    cap = 1.0 if metric.kind == "conversion" else metric.cap or sys.float_info.max
    value = Column(metric.measure, AFTER, cap)
    per = Column(metric.per, AFTER) if metric.per else None
    if metric.covariate == "prediction":
        return Parts(value, per, Column("", PREDICTED), None)
    if metric.covariate == "none" or unit == "session":
        return Parts(value, per, None, None)
    return Parts(value, per, Column(metric.measure, BEFORE, cap), Column(metric.per, BEFORE) if metric.per else None)


def read_sums(warehouse: Warehouse, experiment: Experiment, view: View, segment: str | None = None) -> Sums:
    """Of everybody exposed, by the value of an attribute at their exposure where one is named."""
    layout = Layout.of(experiment.judged, experiment.unit)
    sql = read_sql(SQL, "segment_moments" if segment else "moments")
    values = bound(experiment, layout, view) | {"segment": segment or ATTRIBUTES[0]}
    return Sums(layout, warehouse.frame(sql, **values))


def read_baseline(warehouse: Warehouse, experiment: Experiment, view: View, start: datetime, end: datetime) -> Sums:
    """As if everybody in the audience had been exposed when first seen in [start, end), all to one variant."""
    layout = Layout.of(experiment.judged, experiment.unit)
    audience = {name: list(experiment.audience.get(name, ())) for name in ATTRIBUTES}
    values = bound(experiment, layout, view) | audience | {"segment": ATTRIBUTES[0], "start": start, "end": end}
    values["since"] = start - timedelta(days=experiment.pre_days)
    return Sums(layout, warehouse.frame(read_sql(SQL, "baseline"), **values))


def read_exposures(warehouse: Warehouse, experiment: Experiment, view: View) -> pl.DataFrame:
    """Exposures by variant, known or not: variant, within (the experiment's time), outside, first, last."""
    return warehouse.frame(
        read_sql(SQL, "exposures"),
        experiment=experiment.key,
        start=experiment.start,
        end=experiment.end,
        now=view.now,
        snapshot_at=view.snapshot_at,
    )


def bound(experiment: Experiment, layout: Layout, view: View) -> dict[str, Any]:
    """The values of every parameter of the statements, but for segment and audience."""
    used = sorted({column.measure for column in layout.columns if column.measure and not _counts_days(column)})
    types = sorted({MEASURES[name].event_type for name in used} - {""})
    return {
        "experiment": experiment.key,
        "unit": experiment.unit,
        "variants": list(experiment.variants),
        "start": experiment.start,
        "end": experiment.end,
        "since": experiment.start - timedelta(days=experiment.pre_days),
        "window_ms": experiment.window_days * DAY_MS,
        "pre_ms": experiment.pre_days * DAY_MS,
        "now": view.now,
        "as_of": view.now,
        "snapshot_at": view.snapshot_at,
        "default_consent": view.default_consent,
        "prediction": experiment.prediction or "",
        "types": types,
        "of_types": [types.index(kind) + 1 if (kind := MEASURES[name].event_type) else 0 for name in used],
        "amounts": [AMOUNTS.index(MEASURES[name].amount) + 1 for name in used],
        "measures": [used.index(c.measure) + 1 if c.measure in used else 0 for c in layout.columns],
        "sides": [column.side for column in layout.columns],
        "scales": [MEASURES[c.measure].scale if c.measure else 1.0 for c in layout.columns],
        "caps": [column.cap for column in layout.columns],
        "lefts": [i + 1 for i, _ in layout.pairs],
        "rights": [j + 1 for _, j in layout.pairs],
    }


def _counts_days(column: Column) -> bool:
    return MEASURES[column.measure].amount == DAYS


def _added(lists: pl.Series, width: int) -> NDArray[np.float64]:
    """The sum of lists place by place; an empty one stands for units of which nothing was seen."""
    found = np.zeros(width)
    for values in lists.to_list():
        found += np.array(values) if values else 0.0
    return found
