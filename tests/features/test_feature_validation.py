"""A frame that breaks its catalogue is refused with the column, the rule and how many readers."""

from datetime import timedelta

import polars as pl
import pytest
from session_rows import AS_OF, DAY, insert, rich, session

from readership.errors import InputError
from readership.features.catalogue import by_name, catalogue
from readership.features.validation import bounds, may_be_missing, validate
from readership.pipelines.features import feature_frame
from readership.settings import Settings
from readership.warehouse import Warehouse


@pytest.fixture
def frame(warehouse: Warehouse, settings: Settings) -> pl.DataFrame:
    insert(warehouse, [rich(n, AS_OF - n * DAY - timedelta(minutes=9), consent=3) for n in range(1, 9)])
    insert(warehouse, [session(9, AS_OF - 95 * DAY, registered=0)])
    return feature_frame(warehouse, AS_OF, AS_OF, settings=settings)


def test_what_the_sql_gives_is_valid(frame: pl.DataFrame) -> None:
    assert validate(frame) is frame
    assert validate(frame.clear()).height == 0


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("sessions_7d", -1.0, r"feature 'sessions_7d' breaks its rule in_range\(0.*for 9 readers \(first value: -1"),
        ("weekend_session_share_90d", 1.5, r"'weekend_session_share_90d' breaks its rule in_range\(0.0, 1.0\)"),
        ("sessions_28d", None, r"'sessions_28d' breaks its rule not_nullable for 9 readers"),
    ],
)
def test_a_value_that_cannot_be_is_named(frame: pl.DataFrame, column: str, value: float | None, says: str) -> None:
    with pytest.raises(InputError, match=says):
        validate(frame.with_columns(pl.lit(value, pl.Float32).alias(column)))


def test_a_wrong_type_and_a_repeated_reader_are_refused(frame: pl.DataFrame) -> None:
    with pytest.raises(InputError, match="'sessions_7d' breaks its rule dtype"):
        validate(frame.with_columns(pl.col("sessions_7d").cast(pl.Float64)))
    with pytest.raises(InputError, match="'user_id' breaks its rule"):
        validate(pl.concat([frame, frame]))


def test_bounds_and_null_rules_follow_the_catalogue() -> None:
    assert bounds(by_name()["sessions_7d"]) == (0, float("inf"))
    assert bounds(by_name()["sessions_change_7d"]) == (-1, 1)
    assert bounds(by_name()["sessions_slope_12w"])[0] == float("-inf")
    assert not may_be_missing(by_name()["sessions_7d"])
    assert may_be_missing(by_name()["engaged_seconds_7d"])
    assert all(may_be_missing(feature) for feature in catalogue() if feature.kind == "category")
