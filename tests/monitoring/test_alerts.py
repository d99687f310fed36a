"""When an alert fires, what is one alert, and what is told when."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from readership.monitoring.alerts import Alert, alerts_of, notices
from readership.monitoring.measure import Measure
from readership.monitoring.rules import Rule, Rulebook, Silence

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
RULE = Rule("emptied", "data", "empty", state="red", for_days=2, remind_days=7, escalate_days=5)


def day(number: float) -> datetime:
    return START + number * DAY


def series(states: str, part: str = "brand") -> list[Measure]:
    """One measure a day: r red, a amber, g green, x grey."""
    words = {"r": "red", "a": "amber", "g": "green", "x": "grey"}
    return [Measure(day(n), "data", "empty", words[s], part=part, value=0.5) for n, s in enumerate(states)]


def found(*measures: Sequence[Measure], rule: Rule = RULE) -> list[Alert]:
    return alerts_of(Rulebook({rule.name: rule}), [m for those in measures for m in those])


def due(alert: Alert, now: float, told: dict[str, str] | None = None, **more) -> list[str]:
    book = Rulebook({RULE.name: RULE}, **more)
    return [n.what for n in notices([alert], book, told or {}, since=day(now) - DAY, now=day(now))]


def test_it_fires_once_it_has_stood_for_long_enough() -> None:
    assert found(series("grr")) == []
    (alert,) = found(series("grrr"))
    assert (alert.since, alert.fires_at, alert.ended_at) == (day(1), day(3), None)


def test_green_begins_anew_and_amber_or_a_day_without_measure_does_not() -> None:
    assert found(series("rrgrr")) == []
    (alert,) = found(series("rxr"))
    assert alert.fires_at == day(2)
    (alert,) = found(series("rrarrag"))
    assert (alert.fires_at, alert.last, alert.ended_at) == (day(3), day(4), day(6))


def test_of_a_value_every_one_within_bounds_begins_anew() -> None:
    rule = Rule("few", "data", "empty", above=0.4, for_days=2)
    low = [replace(measure, value=0.3) for measure in series("gg")]
    assert found(series("gg"), low, rule=rule) == []
    (alert,) = found(series("ggg"), rule=rule)
    assert alert.fires_at == day(2)


def test_it_is_over_when_it_is_no_longer_so() -> None:
    (alert,) = found(series("rrrrag"))
    assert (alert.last, alert.ended_at) == (day(3), day(5))


def test_grey_neither_breaks_a_rule_nor_ends_an_alert() -> None:
    assert found(series("xxxxxx")) == []
    (alert,) = found(series("rrrxxx"))
    assert alert.ended_at is None


def test_many_parts_at_once_are_one_alert_and_one_after_another_are_two() -> None:
    (alert,) = found(series("rrrrgg", "brand"), series("grrrrg", "city"))
    assert alert.parts == ("brand", "city")
    assert (alert.since, alert.ended_at) == (day(0), day(5))
    assert [a.parts for a in found(series("rrrggggg"), series("gggggrrr", "city"))] == [("brand",), ("city",)]


def test_tasks_have_alerts_of_their_own() -> None:
    of_churn = [replace(measure, task="churn") for measure in series("rrr")]
    assert {alert.task for alert in found(series("rrr"), of_churn)} == {"", "churn"}


def test_it_is_told_once_then_reminded_of_then_over() -> None:
    (alert,) = found(series("rrrr"))
    assert due(alert, 3) == ["fires"]
    told = {f"{alert.key}/fires": day(3).isoformat()}
    assert due(alert, 4, told) == []
    assert due(alert, 10, told) == ["still stands on 2026-03-11"]
    told |= {f"{alert.key}/still stands on 2026-03-11": day(10).isoformat()}
    assert due(alert, 11, told) == []
    (over,) = found(series("rrrrg"))
    assert over.key == alert.key
    assert due(over, 5, told) == ["is over"]
    assert due(over, 6, told | {f"{alert.key}/is over": day(5).isoformat()}) == []


def test_what_stands_for_too_long_becomes_critical() -> None:
    early, late = found(series("rrrrrrr"))[0], found(series("rrrrrrrr"))[0]
    assert (early.severity, late.severity) == ("warning", "critical")  # since the third day, and for five
    told = {f"{late.key}/fires": day(2).isoformat()}
    assert due(late, 7, told) == ["became critical"]


def test_history_is_told_to_nobody_and_a_silence_keeps_quiet_until_it_ends() -> None:
    (past,) = found(series("rrrgggggg"))
    assert due(past, 8) == []
    assert due(past, 3.5) == ["fires"]  # it fired and ended between two runs
    (alert,) = found(series("rrrr"))
    silence = Silence("empt*", day(0), day(5), "moving servers")
    assert due(alert, 4, silences=(silence,)) == []
    assert due(alert, 5, silences=(silence,)) == ["fires"]
