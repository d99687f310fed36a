"""The second computation itself, on a log small enough to check by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from readership.evaluation.brute_force.features import features_of
from readership.evaluation.brute_force.frame import brute_force_frame
from readership.evaluation.brute_force.log import START, Event, random_log, rounds
from readership.evaluation.brute_force.visits import known_events, visits_of

T = datetime(2026, 3, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
MS = timedelta(milliseconds=1)


def event(number: int, at: datetime, **fields: object) -> Event:
    base: Event = dict.fromkeys(("session_id", "brand", "category", "article_id", "page_url", "referrer"), "")
    base |= dict.fromkeys(
        ("device_type", "device_os", "browser", "country", "timezone", "subscription_tier", "user_segment"), ""
    )
    base |= {"event_id": str(number), "user_id": "1", "event_type": "article_view", "consent": None}
    return base | {"timestamp": at, "received_at": at} | fields


def test_only_what_happened_before_and_was_received_by_then_is_known() -> None:
    log = [
        event(1, T - MS),
        event(2, T),
        event(3, T - DAY, received_at=T + MS),
        event(4, T - DAY, received_at=T),
    ]
    assert {known["event_id"] for known in known_events(log, T)} == {"1", "4"}


def test_of_repeats_the_first_received_counts() -> None:
    log = [event(1, T - DAY, brand="second", received_at=T), event(1, T - DAY, brand="first")]
    assert [known["brand"] for known in known_events(log, T)] == ["first"]


def test_a_visit_ends_when_30_minutes_pass() -> None:
    day = T - 2 * DAY
    events = [event(1, day), event(2, day + 30 * MINUTE - MS), event(3, day + 60 * MINUTE - MS)]
    assert [visit.events for visit in visits_of(events, T)] == [2, 1]


def test_a_visit_that_may_still_go_on_is_not_counted() -> None:
    assert visits_of([event(1, T - 30 * MINUTE + MS)], T) == []
    assert len(visits_of([event(1, T - 30 * MINUTE)], T)) == 1


def test_a_visit_belongs_to_the_day_and_hour_of_the_readers_clock() -> None:
    before, after = datetime(2026, 3, 28, 22, 30, tzinfo=UTC), datetime(2026, 3, 29, 22, 30, tzinfo=UTC)
    visits = visits_of([event(1, before, timezone="Europe/Paris"), event(2, after, timezone="Europe/Paris")], T + DAY)
    assert [(visit.local_day.day, visit.local_hour) for visit in visits] == [(28, 23), (30, 0)]  # clocks went forward


def test_a_few_features_by_hand() -> None:
    log = [
        event(1, T - 10 * DAY, category="sport", time_on_page=10.0),
        event(2, T - 9 * DAY, category="sport"),
        event(3, T - 9 * DAY + MINUTE, category="culture", time_on_page=5.5, event_type="article_view"),
        event(4, T - 2 * DAY, event_type="search"),
    ]
    found = features_of(visits_of(log, T), T)
    assert (found["sessions_7d"], found["sessions_14d"], found["article_views_14d"]) == (1, 3, 3)
    assert (found["engaged_seconds_14d"], found["engaged_seconds_7d"], found["engaged_seconds_1d"]) == (15.5, None, 0)
    assert (found["longest_streak_days"], found["usual_gap_days"], found["current_gap_days"]) == (2, 7, 2)
    assert found["category_entropy_90d"] == pytest.approx(0.6365, abs=1e-4)  # 2/3 sport, 1/3 culture
    assert (found["favourite_category"], found["days_since_last_search"]) == ("sport", 2.0)


def test_a_reader_who_did_not_agree_has_no_row() -> None:
    log = [event(1, T - DAY, consent=["analytics"]), event(2, T - DAY, user_id="2", consent=["personalisation"])]
    frame = brute_force_frame(log, T, 1, {"sessions_7d": "number"})
    assert frame.rows() == [(2, 1.0)]


def test_random_logs_are_the_same_for_the_same_seed_and_hold_what_goes_wrong() -> None:
    log = random_log(seed=4, cutoffs=(START + 20 * DAY,))
    assert log == random_log(seed=4, cutoffs=(START + 20 * DAY,))
    assert any(row["received_at"] > row["timestamp"] + DAY for row in log)
    assert len({row["event_id"] for row in log}) < len(log)
    assert any(row["timestamp"] == START + 20 * DAY for row in log)
    deliveries = rounds(log, 4)
    assert [row for delivery in deliveries for row in delivery] == log
    assert len(deliveries) in (3, 4)
