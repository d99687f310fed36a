"""Prometheus text of the newest of everything."""

from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from readership.monitoring.exposition import exposition
from readership.monitoring.measure import Measure

AT = datetime(2026, 3, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
MEASURES = [
    Measure(AT, "data", "new_words", "red", part='a "b"\\\n', value=0.25),
    Measure(AT - WEEK, "data", "events", "red", value=1.0),
    Measure(AT, "data", "events", "green", value=1234567.0),
    Measure(AT - WEEK, "performance", "roc_auc", "amber", task="churn", value=0.75),
    Measure(AT, "performance", "roc_auc", "grey", task="churn", reason="its labels are not known yet"),
    Measure(AT - WEEK, "scores", "psi", "green", task="churn", value=0.01),
    Measure(AT, "scores", "psi", "grey", task="churn"),
]


def samples() -> dict[str, dict[tuple[str, str, str], float]]:
    text = exposition(MEASURES, {"warning": 2, "critical": 0}, 1, "Kurier", AT)
    found: dict[str, dict[tuple[str, str, str], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = tuple(sample.labels.get(name, "") for name in ("task", "measure", "part"))
            assert sample.labels["brand"] == "Kurier"
            found.setdefault(sample.name, {})[key] = sample.value  # type: ignore[index]
    return found


def test_the_newest_of_each_with_names_that_must_be_escaped() -> None:
    values = samples()["readership_monitor_value"]
    assert values["", "events", ""] == 1234567.0
    assert values["", "new_words", 'a "b"\\\n'] == 0.25


def test_what_was_not_measured_has_a_state_and_no_value() -> None:
    found = samples()
    assert ("churn", "psi", "") not in found["readership_monitor_value"]
    assert found["readership_monitor_state"]["churn", "psi", ""] == -1


def test_labels_that_are_still_to_come_do_not_hide_the_newest_performance() -> None:
    found = samples()
    assert found["readership_monitor_value"]["churn", "roc_auc", ""] == 0.75
    assert found["readership_monitor_state"]["churn", "roc_auc", ""] == 1


def test_alerts_and_times() -> None:
    found = samples()
    assert found["readership_monitor_undelivered"] == {("", "", ""): 1}
    assert found["readership_monitor_as_of_timestamp_seconds"]["churn", "", ""] == AT.timestamp()
