"""A few features worked out by hand: the reader's own clock, consent, subscriptions, arrivals."""

import random
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from session_rows import AS_OF, DAY, TICK, insert, session

from readership.errors import InputError
from readership.features.catalogue import catalogue, input_groups
from readership.models.engagement import session_score
from readership.pipelines.features import feature_frame
from readership.settings import Settings
from readership.warehouse import Warehouse


def row_of(warehouse: Warehouse, settings: Settings, as_of: datetime = AS_OF, reader: int = 1) -> dict:
    frame = feature_frame(warehouse, as_of, AS_OF + DAY, settings=settings, purposes=1)
    return frame.row(by_predicate=pl.col("user_id") == reader, named=True)


def test_days_and_weekdays_are_those_of_the_readers_clock_across_daylight_saving(
    warehouse: Warehouse, settings: Settings
) -> None:
    """Berlin goes from UTC+1 to UTC+2 on Sunday 29 March 2026 at 01:00 UTC."""
    starts = [
        datetime(2026, 3, 28, 22, 30, tzinfo=UTC),  # Saturday 23:30
        datetime(2026, 3, 28, 23, 30, tzinfo=UTC),  # Sunday 00:30, another day than in UTC
        datetime(2026, 3, 29, 22, 30, tzinfo=UTC),  # Monday 00:30; by the offset of the day before, Sunday 23:30
    ]
    insert(warehouse, [session(1, start + timedelta(minutes=5), timezone="Europe/Berlin") for start in starts])
    row = row_of(warehouse, settings, datetime(2026, 3, 31, 21, 30, tzinfo=UTC))  # Tuesday 23:30
    assert row["active_days_7d"] == 3
    assert row["longest_streak_days"] == 3
    assert row["current_gap_days"] == 1
    assert row["current_streak_days"] == 3
    assert row["weekend_session_share_90d"] == pytest.approx(2 / 3)
    assert row["night_session_share_90d"] == pytest.approx(2 / 3)
    assert row["evening_session_share_90d"] == pytest.approx(1 / 3)
    assert row["sessions_per_active_day_90d"] == 1

    half_an_hour_later = row_of(warehouse, settings, datetime(2026, 3, 31, 22, 1, tzinfo=UTC))  # Wednesday 00:01
    assert half_an_hour_later["current_gap_days"] == 2
    assert half_an_hour_later["current_streak_days"] == 0


@pytest.mark.parametrize(("zone", "gap"), [("Pacific/Kiritimati", 2), ("", 1), ("Pacific/Pago_Pago", 2)])
def test_today_is_the_readers_today(warehouse: Warehouse, settings: Settings, zone: str, gap: int) -> None:
    """As of 31 March 12:00 UTC it is 1 April 02:00 in Kiritimati and 31 March 01:00 in Pago Pago.

    The session began on 30 March 08:55 UTC: 22:55 of that day in Kiritimati, 21:55 of the day before in Pago Pago.
    """
    insert(warehouse, [session(1, datetime(2026, 3, 30, 9, 0, tzinfo=UTC), timezone=zone)])
    assert row_of(warehouse, settings, datetime(2026, 3, 31, 12, tzinfo=UTC))["current_gap_days"] == gap


def test_a_window_holds_its_first_instant_and_not_its_last(warehouse: Warehouse, settings: Settings) -> None:
    insert(warehouse, [session(1, AS_OF - 7 * DAY), session(1, AS_OF - 7 * DAY - TICK), session(1, AS_OF)])
    row = row_of(warehouse, settings)
    assert (row["sessions_7d"], row["sessions_14d"]) == (1, 2)


@pytest.mark.parametrize("many", [3, 5, 6, 7, 10, 12])
def test_the_entropy_of_one_value_is_never_below_zero(warehouse: Warehouse, settings: Settings, many: int) -> None:
    starts = [AS_OF - (n + 1) * DAY for n in range(many)]
    insert(
        warehouse, [session(1, start, brand="Nordblick", device_type="app", categories=["sport"]) for start in starts]
    )
    row = row_of(warehouse, settings)
    for name in ("brand_entropy_90d", "device_entropy_90d", "category_entropy_90d", "hour_entropy_90d"):
        assert 0 <= row[name] < 1e-9, name


def test_a_regular_reader_who_stays_away(warehouse: Warehouse, settings: Settings) -> None:
    """Every third day, last seen 12 days ago: four times the usual gap."""
    insert(warehouse, [session(1, AS_OF - n * DAY + timedelta(hours=1)) for n in (12, 15, 18, 21)])
    row = row_of(warehouse, settings)
    assert (row["usual_gap_days"], row["current_gap_days"], row["current_gap_over_usual"]) == (3, 12, 4)
    assert (row["gap_spread_days"], row["active_weeks_12w"]) == (0, 3)


def test_subscription_newsletter_profile_and_arrival(warehouse: Warehouse, settings: Settings) -> None:
    insert(
        warehouse,
        [
            session(1, AS_OF - 40 * DAY, subscription_starts=1, subscription_tier="premium", referrer="newsletter"),
            session(1, AS_OF - 20 * DAY, subscription_prompts=2, newsletter_signups=1, country="DE", brand="news"),
            session(1, AS_OF - 10 * DAY, payment_failures=1, country="AT", referrer="https://www.google.com/search"),
            session(1, AS_OF - 5 * DAY, subscription_cancels=1, referrer="https://t.co/x", device_type="app"),
            session(1, AS_OF - 4 * DAY, referrer="direct", user_segment="student"),
            session(2, AS_OF - 4 * DAY),
        ],
    )
    row = row_of(warehouse, settings)
    assert row["subscription_starts_ever"] == row["subscription_cancels_ever"] == row["payment_failures_ever"] == 1
    assert row["subscription_renewals_ever"] == 0
    assert (row["subscription_prompts_28d"], row["subscription_prompts_90d"]) == (2, 2)
    assert row["days_since_subscription_start"] == 40
    assert row["days_since_subscription_cancel"] == 5
    assert row["days_since_subscription_renewal"] is None
    assert (row["newsletter_signups_ever"], row["days_since_newsletter_signup"]) == (1, 20)
    assert (row["tier"], row["country"], row["device_type"], row["brand"]) == ("premium", "AT", "app", "news")
    assert (row["browser"], row["user_segment"]) == (None, "student")
    assert row["search_arrival_share_90d"] == row["social_arrival_share_90d"] == 0.25
    assert row["newsletter_arrival_share_90d"] == row["direct_arrival_share_90d"] == 0.25
    assert row["last_arrival"] == "direct"
    other = row_of(warehouse, settings, reader=2)
    assert (other["subscription_starts_ever"], other["direct_arrival_share_90d"], other["tier"]) == (0, None, None)


def test_only_readers_who_agree_to_personalisation_are_described(warehouse: Warehouse, settings: Settings) -> None:
    insert(
        warehouse,
        [
            session(1, AS_OF - 9 * DAY, consent=1),
            session(1, AS_OF - 8 * DAY, consent=3),
            session(1, AS_OF - 7 * DAY, consent=None),
            session(2, AS_OF - 9 * DAY, consent=3),
            session(2, AS_OF - 8 * DAY, consent=1),
            session(3, AS_OF - 8 * DAY, consent=None),
        ],
    )
    frame = feature_frame(warehouse, AS_OF, AS_OF, settings=settings, groups=["tenure"])
    assert frame["user_id"].to_list() == [1]
    earlier = feature_frame(warehouse, AS_OF - 8 * DAY, AS_OF, settings=settings, groups=["tenure"])
    assert earlier["user_id"].to_list() == [2]
    generous = Settings(default_consent=frozenset({"analytics", "personalisation"}))
    everyone = feature_frame(warehouse, AS_OF, AS_OF, settings=generous, groups=["tenure"])
    assert everyone["user_id"].to_list() == [1, 3]


@pytest.mark.parametrize("default", [frozenset({"analytics"}), frozenset({"marketing"})])
def test_publisher_wide_activity_counts_those_who_agree_to_analytics(warehouse: Warehouse, default: frozenset) -> None:
    insert(
        warehouse,
        [
            session(1, AS_OF - DAY, consent=3),
            session(2, AS_OF - DAY, consent=2),
            session(3, AS_OF - 2 * DAY, consent=None),
            session(3, AS_OF - 3 * DAY, consent=None),
        ],
    )
    settings = Settings(default_consent=default)
    frame = feature_frame(warehouse, AS_OF, AS_OF, settings=settings, groups=["publisher"], purposes=0)
    agreed = {"analytics"} == default
    assert frame["publisher_sessions_28d"].to_list() == [3 if agreed else 1] * 3
    assert frame["publisher_readers_28d"].to_list() == [2 if agreed else 1] * 3


def test_columns_and_types_are_the_same_for_an_empty_warehouse(warehouse: Warehouse, settings: Settings) -> None:
    empty = feature_frame(warehouse, AS_OF, AS_OF, settings=settings, groups=input_groups())
    insert(warehouse, [session(1, AS_OF - DAY)])
    one = feature_frame(warehouse, AS_OF, AS_OF, settings=settings, groups=input_groups())
    assert empty.height == 0
    assert empty.schema == one.schema
    assert one.columns == ["user_id", *[feature.name for feature in catalogue() if feature.model_input]]


def test_an_unknown_group_is_named(warehouse: Warehouse, settings: Settings) -> None:
    with pytest.raises(InputError, match=r"no feature group 'clicks'; the groups are activity, ads_search"):
        feature_frame(warehouse, AS_OF, AS_OF, settings=settings, groups=["clicks"])


def test_the_score_of_a_session_is_worked_out_from_what_its_log_carries(
    warehouse: Warehouse, settings: Settings
) -> None:
    """Weights 40 time, 20 completion, 15 depth, 15 breadth, 10 length; half at 60 s, 2 articles, 3 minutes."""
    whole = {"engaged_ms": 60_000, "engaged_events": 2, "article_completes": 1, "article_ids": ["a", "b", "a"]}
    whole |= {"article_views": 3, "scroll_depth_sum": 120, "scroll_events": 2}
    cases = {
        1: (whole, 3, 40 / 2 + 20 / 2 + 15 * 0.6 + 15 / 2 + 10 / 2),  # 51.5
        2: (
            whole | {"scroll_depth_sum": 0, "scroll_events": 0},
            3,
            (40 / 2 + 20 / 2 + 15 / 2 + 10 / 2) / 85 * 100,
        ),  # no scroll depth
        3: ({"article_views": 2, "article_ids": ["a", "b"]}, 3, (15 / 2 + 10 / 2) / 25 * 100),  # views alone
        4: ({"article_views": 2}, 3, (15 / 2 + 10 / 2) / 25 * 100),  # not even which articles
        5: ({"article_views": 0}, 3, 10 / 2),  # nothing opened: nothing to measure, and nothing earned but length
        6: ({"article_views": 1, "article_ids": ["a"]}, 0, 15 / 3 / 25 * 100),  # one page, one event
        7: (whole | {"article_completes": 9}, 3, 40 / 2 + 20 + 15 * 0.6 + 15 / 2 + 10 / 2),  # at most all of them
    }
    insert(warehouse, [session(n, AS_OF - DAY, minutes=length, **columns) for n, (columns, length, _) in cases.items()])
    frame = feature_frame(warehouse, AS_OF, AS_OF, settings=settings, groups=["recent"])
    found = dict(frame.select("user_id", "score_lag_1").rows())
    assert found == {n: pytest.approx(score, abs=0.0006) for n, (_, _, score) in cases.items()}


def test_sql_and_python_score_sessions_alike(warehouse: Warehouse, settings: Settings) -> None:
    rng = random.Random(3)
    rows = []
    for reader in range(200):
        views = rng.choice([0, 1, 2, 7])
        columns = {"article_views": views, "article_ids": [str(n) for n in range(views)], "scroll_events": views}
        columns |= {"engaged_events": views, "engaged_ms": views * rng.randrange(90_000)}
        columns |= {"article_completes": rng.randint(0, views), "scroll_depth_sum": rng.randint(0, 100 * views)}
        rows.append(session(reader, AS_OF - DAY, minutes=rng.choice([0, 0.5, 12]), **columns))
    insert(warehouse, rows)
    frame = feature_frame(warehouse, AS_OF, AS_OF, settings=settings, groups=["recent"])
    names = ("article_views", "article_completes", "engaged_ms", "scroll_depth_sum")
    articles, completes, milliseconds, scroll = (np.array([row[name] for row in rows], float) for name in names)
    length = np.array([(row["session_end"] - row["session_start"]).total_seconds() for row in rows])
    expected = session_score(articles, completes, milliseconds / 1000, scroll, length)
    np.testing.assert_allclose(frame["score_lag_1"].to_numpy(), expected, rtol=0, atol=0.0006)


def test_lags_by_hand(warehouse: Warehouse, settings: Settings) -> None:
    days = (9, 4, 1)  # a session of 3 minutes ends so many days before; articles 1, 2, 6
    articles = {9: 1, 4: 2, 1: 6}
    insert(warehouse, [session(1, AS_OF - d * DAY, minutes=3, article_views=articles[d]) for d in days])
    row = feature_frame(warehouse, AS_OF, AS_OF, settings=settings, groups=["recent"]).row(0, named=True)
    one, two, six = ((15 * n / (n + 2) + 5) / 25 * 100 for n in (1, 2, 6))  # 40, 50, 65
    assert [row[f"score_lag_{k}"] for k in (1, 2, 3)] == [pytest.approx(s, abs=1e-3) for s in (six, two, one)]
    assert [row[f"articles_lag_{k}"] for k in (1, 2, 3)] == [6, 2, 1]
    assert row["silence_days_lag_1"] == 1
    assert row["silence_days_lag_2"] == pytest.approx(3 - 3 / 1440)
    assert row["silence_days_lag_3"] == pytest.approx(5 - 3 / 1440)
    assert row["score_lag_4"] is row["silence_days_lag_4"] is row["articles_lag_4"] is None
    assert row["score_mean_3"] == row["score_mean_ever"] == pytest.approx((one + two + six) / 3, abs=1e-3)
    assert row["score_slope_10"] == pytest.approx((six - one) / 2, abs=1e-3)


def test_lags_are_for_engagement_alone() -> None:
    lag = next(feature for feature in catalogue() if feature.name == "score_lag_1")
    assert lag.serves("engagement")
    assert not lag.serves("churn")
    assert set(input_groups("engagement")) - set(input_groups("churn")) == {"recent"}
    assert "publisher" not in input_groups()
