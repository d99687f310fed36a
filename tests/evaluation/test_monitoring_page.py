"""The page of monitoring from rows alone: its first words, its colours, its timelines."""

from pathlib import Path
from typing import Any

import pytest

from readership.evaluation.reports.monitoring import level, verdict, write_monitoring
from readership.evaluation.reports.monitoring_charts import plots


def line(state: str, count: int = 1) -> dict[str, Any]:
    return {"measure": "events", "part": "", "state": state, "value": "12", "usual": "–", "reason": "", "count": count}


def row(day: int, value: float | None, task: str = "", kind: str = "data", measure: str = "events") -> dict[str, Any]:
    bounds = {"low": None, "high": None, "usual_low": 5.0, "usual_high": 20.0}
    at = f"2026-03-{day:02}T00:00:00+00:00"
    said = {"task": task, "kind": kind, "measure": measure, "part": "", "value": value, "state": "green", "reason": ""}
    return said | bounds | {"day": at, "as_of": at}


ALERT = {"severity": "warning", "name": "events-missing", "says": "Few came.", "runbook": "", "silent": True}


def test_the_first_sentence_counts_and_never_calls_grey_good() -> None:
    groups = [("", "data", [line("green", 3), line("grey", 2), line("amber"), line("red")])]
    assert verdict([], groups) == (
        "No alert stands; of 7 things that are watched, 2 ask to be looked at and 2 could not be judged"
    )
    assert verdict([ALERT], groups).startswith("1 alert stands; of 7")
    assert verdict([], []) == "Nothing was measured"


@pytest.mark.parametrize(
    ("standing", "states", "colour"),
    [
        ([], ["green"], "high"),
        ([], ["green", "amber"], "high"),
        ([], ["green", "red"], "fair"),
        ([], ["grey"], "fair"),
        ([], [], "fair"),
        ([ALERT], ["green"], "fair"),
        ([ALERT | {"severity": "critical"}], ["green"], "low"),
    ],
)
def test_the_colour_of_the_page(standing: list, states: list[str], colour: str) -> None:
    assert level(standing, [("", "data", [line(state) for state in states])]) == colour


def test_a_timeline_is_drawn_of_what_is_known_and_named_by_its_model() -> None:
    rows = [row(1, 10.0), row(2, 11.0), row(1, None, "churn", "performance", "roc_auc")]
    rows += [row(n, 0.1 * n, "churn_subscribers", "scores", "psi") for n in (1, 2, 3)]
    drawn = {plot.name: plot.spec() for plot in plots(rows, ["churn", "churn_subscribers"])}
    assert sorted(drawn) == ["churn_subscribers_scores_psi", "data_events"]
    for spec in drawn.values():
        titles = [layer["encoding"]["y"]["title"] for layer in spec["layer"]]
        assert all(titles)


def test_the_page_names_what_stands_and_holds_each_plot_under_its_model(tmp_path: Path) -> None:
    rows = [row(n, 0.1 * n, task, "scores", "psi") for n in (1, 2) for task in ("churn", "churn_subscribers")]
    page = {
        "until": "2026-03-02T00:00:00+00:00", "days": 7, "tasks": ["churn", "churn_subscribers"], "rows": rows,
        "groups": [("churn", "scores", [line("red")])], "standing": [ALERT], "past": [], "has_index": False,
    }  # fmt: skip
    html = write_monitoring(page, tmp_path).read_text(encoding="utf-8")
    assert "events-missing</strong> (warning, silenced): Few came." in html
    first, second = html.index("<h2>Churn</h2>"), html.index("<h2>Churn of subscribers</h2>")
    assert first < html.index('data-plot="churn_scores_psi"') < second
    assert second < html.index('data-plot="churn_subscribers_scores_psi"')
    assert "index.html" not in html.split("<script")[0]
