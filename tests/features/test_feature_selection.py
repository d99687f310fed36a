"""Selection drops what says nothing, what says it twice, and what no longer means the same."""

import numpy as np
import pytest

from readership.contracts import Dataset
from readership.features.selection import population_stability, select

ROWS, CUTOFFS = 3_000, 6


def dataset(columns: dict[str, np.ndarray], categories: dict[str, tuple[str, ...]] | None = None) -> Dataset:
    as_of = np.datetime64("2026-01-01", "ms") + np.repeat(np.arange(CUTOFFS), ROWS // CUTOFFS) * np.timedelta64(14, "D")
    return Dataset(
        task="churn",
        features=np.column_stack(list(columns.values())).astype(np.float32),
        names=tuple(columns),
        label=np.zeros(ROWS, dtype=np.float32),
        reader=np.arange(ROWS, dtype=np.uint64),
        as_of=as_of,
        weight=np.ones(ROWS),
        categories=categories or {},
    )


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(0).normal(size=ROWS)


def test_constant_and_never_known_columns_are_dropped(noise: np.ndarray) -> None:
    rare = np.zeros(ROWS)
    rare[:3] = 1
    some = np.zeros(ROWS)
    some[::100] = 1
    chosen = select(dataset({"noise": noise, "rare": rare, "some": some, "unknown": np.full(ROWS, np.nan)}))
    assert chosen.kept == ("noise", "some")
    assert chosen.dropped == {
        "rare": "nearly constant: one value in 99.9% of the rows",
        "unknown": "never known",
    }


def test_the_later_of_two_columns_that_say_the_same_is_dropped(noise: np.ndarray) -> None:
    gaps = noise.copy()
    gaps[::7] = np.nan
    columns = {"minutes": noise, "seconds": 60 * noise, "with_gaps": gaps, "other": -noise + noise**2}
    chosen = select(dataset(columns))
    assert chosen.kept == ("minutes", "with_gaps", "other")
    assert chosen.dropped == {"seconds": "says the same as minutes"}


def test_a_column_that_moves_with_the_calendar_is_dropped(noise: np.ndarray) -> None:
    clock = noise + np.repeat(np.arange(CUTOFFS), ROWS // CUTOFFS)
    data = dataset({"noise": noise, "clock": clock, "two": noise**2, "three": noise**3})
    chosen = select(data)
    assert chosen.kept == ("noise", "two", "three")
    assert chosen.dropped["clock"].startswith("unstable over time: PSI ")
    assert "clock" in select(data, psi_limit=np.inf).kept
    assert "clock" in select(data.take(data.as_of < data.as_of[ROWS // 3])).kept, "two cut-offs say nothing"


def test_where_many_columns_drift_none_is_dropped(noise: np.ndarray) -> None:
    day = np.repeat(np.arange(CUTOFFS), ROWS // CUTOFFS)
    rng = np.random.default_rng(1)
    columns = {"noise": noise, "age": day + rng.normal(size=ROWS), "orders": 2 * day + rng.normal(size=ROWS)}
    assert select(dataset(columns)).kept == ("noise", "age", "orders")
    more = {name: rng.normal(size=ROWS) for name in ("two", "three", "four")}
    assert select(dataset({**columns, **more})).kept == ("noise", "two", "three", "four")


def test_a_column_that_goes_missing_is_unstable(noise: np.ndarray) -> None:
    values = noise.copy()
    values[-ROWS // 3 :] = np.nan
    columns = {"noise": noise, "values": values, "two": noise**2, "three": noise**3}
    assert "values" in select(dataset(columns)).dropped


def test_codes_of_categories_are_not_compared_as_numbers(noise: np.ndarray) -> None:
    code = np.arange(ROWS) % 3
    columns = {"a": code, "b": 2 - code, "noise": noise}
    assert select(dataset(columns, {"a": ("x", "y", "z"), "b": ("x", "y", "z")})).kept == ("a", "b", "noise")


def test_population_stability_by_hand() -> None:
    early, late = np.float32([0, 0, 1, 1]), np.float32([0, 1, 1, 1])
    by_hand = (1 / 4 - 1 / 2) * np.log((1 / 4) / (1 / 2)) + (3 / 4 - 1 / 2) * np.log((3 / 4) / (1 / 2))
    assert population_stability(early, late, bins=2) == pytest.approx(by_hand)
    assert population_stability(early, early) == 0
