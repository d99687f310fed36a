"""What the warehouse counts of each unit, worked out by hand: once, after its first exposure, and by now."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lived import day, event, exposure, write_rows
from trial import trial

from readership.experiments.aggregates import Sums, View, read_baseline, read_exposures, read_sums
from readership.experiments.definition import Experiment, Metric
from readership.warehouse import Warehouse

NOW = day(14)
VIEWS = Metric("views", "mean", "article_views")
DAYS = Metric("days", "mean", "active_days")
SECONDS = Metric("seconds", "ratio", "engaged_seconds", per="article_views")
SUBSCRIBED = Metric("subscribed", "conversion", "subscription_starts")


@pytest.fixture(scope="module")
def store(warehouse_root: Warehouse) -> Iterator[Warehouse]:
    """The tables, for all tests of this file in turn."""
    with warehouse_root.scratch() as scratch:
        yield scratch


@pytest.fixture
def warehouse(store: Warehouse) -> Warehouse:
    """The tables, emptied."""
    for table in ("events", "exposures", "predictions", "session_versions"):
        store.command("TRUNCATE TABLE {table:Identifier}", table=table)
    return store


@pytest.fixture
def experiment(tmp_path) -> Experiment:
    """Two weeks from 2 March, window of 7 days, 14 days before."""
    return replace(trial(tmp_path), metrics=(VIEWS,), guardrails=())


def sums(warehouse: Warehouse, experiment: Experiment, now: datetime = NOW, segment: str | None = None) -> Sums:
    return read_sums(warehouse, experiment, View(now, datetime.now(UTC), 1), segment)


def of(warehouse: Warehouse, experiment: Experiment, place: int = 1, now: datetime = NOW) -> list[float]:
    """Units whose outcome is complete, then the sums of all columns."""
    found = sums(warehouse, experiment, now).moments(place)
    return [found.units, *found.sums.tolist()]


def test_a_unit_counts_what_it_does_from_its_exposure_on_and_what_it_did_before(warehouse, experiment) -> None:
    write_rows(warehouse, "exposures", [exposure(1, 2, "control"), exposure(2, 3, "hybrid")])
    write_rows(
        warehouse,
        "events",
        [
            event(1, 2),  # at the exposure: after
            event(1, 8.9),
            event(1, 9),  # the window is over
            event(1, 1.999),
            event(1, -12),  # 14 days before: the first that counts
            event(1, -12.001),
            event(1, 4, "scroll"),
            event(3, 4),  # nobody's
        ],
    )
    assert of(warehouse, experiment) == [1, 2, 2]
    assert of(warehouse, experiment, place=2) == [1, 0, 0]


def test_products_are_of_the_values_of_one_unit(warehouse, experiment) -> None:
    write_rows(warehouse, "exposures", [exposure(unit, 1, "control") for unit in (1, 2, 3)])
    write_rows(warehouse, "events", [*(event(1, 2) for _ in range(3)), event(2, 2), event(1, 0), event(3, -1)])
    found = sums(warehouse, experiment)
    # y = 3, 1, 0; x = 1, 0, 1
    assert found.layout.pairs == ((0, 0), (0, 1), (1, 1))
    assert found.moments(1).sums.tolist() == [4, 2]
    assert found.moments(1).products.tolist() == [10, 3, 2]
    arm = found.layout.aggregates(found.moments(1), found.layout.columns)
    assert arm.var("0") == pytest.approx((10 - 16 / 3) / 2)
    assert arm.cov("0", "1") == pytest.approx((3 - 8 / 3) / 2)


def test_the_first_exposure_decides_and_a_second_variant_is_noted(warehouse, experiment) -> None:
    write_rows(
        warehouse,
        "exposures",
        [exposure(1, 3, "hybrid"), exposure(1, 1, "control"), exposure(1, 1, "control"), exposure(2, 1, "control")],
    )
    write_rows(warehouse, "events", [event(1, 0.5), event(1, 1.5)])
    assert of(warehouse, experiment) == [2, 1, 1]
    assert of(warehouse, experiment, place=2) == [0, 0, 0]
    assert sums(warehouse, experiment).moved == 1


def test_exposures_come_from_events_as_well(warehouse, experiment) -> None:
    named = {"experiment": "home-hybrid", "variant": "hybrid"}
    write_rows(warehouse, "events", [event(1, 1, "article_impression", **named)])
    write_rows(warehouse, "events", [event(1, 2)])
    write_rows(warehouse, "exposures", [exposure(1, 4, "control")])
    assert of(warehouse, experiment, place=2) == [1, 1, 0]


def test_an_outcome_counts_once_its_window_is_over(warehouse, experiment) -> None:
    write_rows(warehouse, "exposures", [exposure(1, 7, "control"), exposure(2, 7.001, "control")])
    write_rows(warehouse, "events", [event(1, 8), event(2, 8), event(2, 8)])
    found = sums(warehouse, experiment)
    assert found.exposed(1) == 2
    assert (found.moments(1).units, found.moments(1).sums[0]) == (1, 1)
    assert found.days == [14]
    assert of(warehouse, experiment, now=day(15)) == [2, 3, 0]
    assert found.moments(1, until=13).units == 0


@pytest.mark.parametrize(
    ("late", "counted"),
    [
        ({}, 1),
        ({"received_at": NOW}, 1),
        ({"received_at": day(14.001)}, 0),
        ({"loaded_at": datetime(2099, 1, 1, tzinfo=UTC)}, 0),
    ],
)
def test_what_is_not_known_by_now_does_not_count(warehouse, experiment, late, counted) -> None:
    write_rows(warehouse, "exposures", [exposure(1, 1, "control"), exposure(2, 1, "hybrid", **late)])
    write_rows(warehouse, "events", [event(1, 2, **late)])
    assert of(warehouse, experiment)[:2] == [1, counted]
    assert of(warehouse, experiment, place=2)[0] == counted


def test_what_happens_exactly_now_is_not_known(warehouse, experiment) -> None:
    longer = replace(experiment, window_days=14)
    write_rows(warehouse, "exposures", [exposure(1, 0, "control"), exposure(2, 14, "control")])
    write_rows(warehouse, "events", [event(1, 13.999), event(1, 14)])
    assert of(warehouse, longer)[:2] == [1, 1]
    assert sums(warehouse, longer).exposed(1) == 1


def test_exposures_outside_its_time_or_to_no_variant_count_nowhere_and_are_told(warehouse, experiment) -> None:
    rows = [exposure(1, -0.001, "control"), exposure(2, 0, "control"), exposure(3, 14, "control"), exposure(4, 1, "c")]
    write_rows(warehouse, "exposures", rows)
    now = day(30)
    assert sums(warehouse, experiment, now).exposed(1) == 1
    found = read_exposures(warehouse, experiment, View(now, datetime.now(UTC), 1))
    assert found.select("variant", "within", "outside").rows() == [("c", 1, 0), ("control", 1, 2)]


def test_days_conversions_ratios_and_caps(warehouse, experiment) -> None:
    write_rows(warehouse, "exposures", [exposure(1, 1, "control")])
    write_rows(
        warehouse,
        "events",
        [
            event(1, 1, seconds=10),
            event(1, 1.9, seconds=20),
            event(1, 2, seconds=5),  # the second day begins 24 hours after the exposure
            event(1, 7.99, "subscription_start"),
            event(1, 7.99, "subscription_start"),
            event(1, 0.99, seconds=7),
            event(1, -13, seconds=1),
        ],
    )
    several = replace(experiment, metrics=(DAYS, SECONDS, SUBSCRIBED, replace(VIEWS, cap=2.0)))
    found = sums(warehouse, several)
    values = dict(
        zip([(c.measure, c.side, c.cap < 1e9) for c in found.layout.columns], found.moments(1).sums, strict=True)
    )
    assert values == {
        ("active_days", 0, False): 3,
        ("active_days", 1, False): 2,
        ("engaged_seconds", 0, False): 35,
        ("article_views", 0, False): 3,
        ("engaged_seconds", 1, False): 8,
        ("article_views", 1, False): 2,
        ("subscription_starts", 0, True): 1,
        ("subscription_starts", 1, True): 0,
        ("article_views", 0, True): 2,
        ("article_views", 1, True): 2,
    }


def test_segments_are_what_was_last_seen_by_the_exposure(warehouse, experiment) -> None:
    write_rows(warehouse, "exposures", [exposure(1, 1, "control"), exposure(2, 1, "control")])
    seen = [(0.5, "mobile"), (0.9, "desktop"), (1.1, "tablet")]
    write_rows(warehouse, "events", [event(1, days, device_type=device) for days, device in seen])
    found = sums(warehouse, experiment, segment="device_type")
    assert sorted(found.rows["segment"]) == ["", "desktop"]
    assert found.moments(1, segment="desktop").sums.tolist() == [1, 2]


def test_a_prediction_counts_where_it_was_made_before_the_exposure(warehouse, experiment) -> None:
    by_score = replace(experiment, metrics=(replace(VIEWS, covariate="prediction"),), prediction="churn")
    write_rows(warehouse, "exposures", [exposure(unit, 1, "control") for unit in (1, 2)])
    predicted = [(1, 0.2, 0.5, "churn"), (1, 0.7, 0.9, "churn"), (1, 0.9, 1, "churn"), (1, 0.3, 0.95, "conversion")]
    write_rows(
        warehouse,
        "predictions",
        [
            {"user_id": user, "score": score, "at": day(days), "task": task, "loaded_at": day(days)}
            for user, score, days, task in predicted
        ],
    )
    write_rows(warehouse, "events", [event(1, 2)])
    assert of(warehouse, by_score) == pytest.approx([2, 1, 0.7])


def test_a_reader_s_exposure_goes_by_the_number_inside(warehouse, experiment) -> None:
    units = (0, 2**64 - 1, "reader-1", "-4", "")
    write_rows(warehouse, "exposures", [exposure(unit, 1, "control") for unit in units])
    write_rows(warehouse, "events", [event(0, 2), event(2**64 - 1, 2)])
    assert of(warehouse, experiment) == [2, 2, 0]


@pytest.mark.parametrize("unit", ["device", "session"])
def test_units_of_other_kinds_are_met_by_their_own_id(warehouse, experiment, unit) -> None:
    write_rows(warehouse, "exposures", [exposure("d-1", 1, "control"), exposure("", 1, "control")])
    write_rows(warehouse, "events", [event(1, 2, **{f"{unit}_id": name}) for name in ("d-1", "d-1", "other", "")])
    assert of(warehouse, replace(experiment, unit=unit))[:2] == [1, 2]


def test_readers_who_withdrew_their_consent_are_left_out(warehouse, experiment) -> None:
    write_rows(warehouse, "exposures", [exposure(unit, 1, "control") for unit in (1, 2)])
    warehouse.command(
        "INSERT INTO session_versions (user_id, consent, session_end, known_at, loaded_at, row_id) SELECT "
        "number + 1, number, t, t, t, number + 1 FROM (SELECT number, {t:DateTime64(3, 'UTC')} AS t FROM numbers(2))",
        t=day(0.5),
    )
    assert sums(warehouse, experiment).exposed(1) == 1


def test_a_plan_looks_at_the_audience_as_if_exposed_when_first_seen(warehouse, experiment) -> None:
    of_site = replace(experiment, audience={"brand": ("k",)})
    write_rows(
        warehouse,
        "events",
        [
            event(1, -1, brand="k"),
            event(1, 0, brand="k"),
            event(1, 1),
            event(2, 3),
            event(3, 3, brand="k"),
            event(1, 8),
        ],
    )
    found = read_baseline(warehouse, of_site, View(NOW, datetime.now(UTC), 1), day(0), day(7))
    # reader 1: exposed at day 0, two views after (day 8 is too late), one before; reader 3: one view
    assert found.moments(1).units == 2
    assert found.moments(1).sums.tolist() == [3, 1]
    assert found.rows["day"].to_list() == [7, 10]


def test_an_experiment_may_ask_for_days_alone(warehouse, experiment) -> None:
    write_rows(warehouse, "exposures", [exposure(1, 1, "control")])
    write_rows(warehouse, "events", [event(1, 1), event(1, 3), event(1, 0.5)])
    assert of(warehouse, replace(experiment, metrics=(DAYS,))) == [1, 2, 1]
