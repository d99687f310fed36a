"""Plots of recommendations: beside every simple rule, for new and old articles, for new and old readers, day by day."""

from collections.abc import Iterator
from typing import Any

import altair as alt

from readership.contracts import Evaluation
from readership.evaluation.reports.charts import (
    BLUE,
    FEWER_WHEN_NARROW,
    GREY,
    HEIGHT,
    KIND_COLOURS,
    ORANGE,
    Plot,
    colours_of,
    interval,
    tip,
)
from readership.evaluation.reports.words import comparison_rows, model_word

BAR = 14
POPULAR = "popular"
NDCG = "NDCG@10"


def plots(evaluation: Evaluation) -> Iterator[Plot]:
    """All plots of a report on recommendations, in reading order."""
    yield orders(evaluation)
    parts = [part for part in evaluation["slices"] if part["metrics"]]
    for name, title, reading in PARTS:
        some = [part for part in parts if part["slice"] == name]
        if len(some) > 1:
            yield Plot(f"by_{name}", title, reading, by_part(some, evaluation["champion"]))
    days = [day for day in evaluation["per_day"] if day["metrics"]]
    if len(days) > 1:
        yield per_day(days, evaluation["champion"])


def ranked_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Every order beside the champion, the best first."""
    return comparison_rows(evaluation, "ndcg_at_10", oracle=None)[::-1]


def orders(evaluation: Evaluation) -> Plot:
    """NDCG@10 of every order with its interval."""
    rows = [
        {"order": row["model"], "kind": row["kind"], **interval(row["metrics"]["ndcg_at_10"])}
        for row in ranked_rows(evaluation)
    ]
    kinds = {kind: colour for kind, colour in KIND_COLOURS.items() if any(row["kind"] == kind for row in rows)}
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y("order:N", title=None, sort=None, axis=alt.Axis(labelLimit=190)), tooltip=_tips("order")
    )
    chart = alt.layer(
        base.mark_bar(height=BAR).encode(x=_worth("value"), color=colours_of("kind", kinds, columns=3)),
        base.mark_rule(strokeWidth=1.5, color=GREY).encode(x=_worth("low"), x2="high:Q"),
    ).properties(height=alt.Step(26))
    return Plot(
        "orders",
        "The champion beside simple rules and single sources",
        "NDCG@10 on the same later reads, with 95% intervals; longer is better. It is 1 where the article that was "
        "opened next always stood first, 0.5 where it stood third, 0 where it was not among the ten.",
        chart,
    )


def by_part(parts: list[dict[str, Any]], champion: str) -> Any:
    """The champion beside popularity in each part of the reads."""
    words = {model_word(champion): BLUE, model_word(POPULAR): ORANGE}
    rows = [
        {"part": part["value"], "order": model_word(name), "reads": part["n"], **interval(metrics["ndcg_at_10"])}
        for part in parts
        for name, metrics in part["metrics"].items()
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y("part:N", title=None, sort=None, axis=alt.Axis(labelLimit=190)),
        yOffset=alt.YOffset("order:N", sort=list(words)),
        tooltip=[*_tips("part"), tip("order"), tip("reads", ",")],
    )
    return alt.layer(
        base.mark_bar(height=BAR - 3).encode(x=_worth("value"), color=colours_of("order", words)),
        base.mark_rule(strokeWidth=1.5, color=GREY).encode(x=_worth("low"), x2="high:Q"),
    ).properties(height=alt.Step(16, **{"for": "offset"}))


def per_day(days: list[dict[str, Any]], champion: str) -> Plot:
    """The champion beside popularity on each test day."""
    words = {model_word(champion): BLUE, model_word(POPULAR): ORANGE}
    rows = [
        {"day": day["day"], "order": model_word(name), "reads": day["n"], **interval(metrics["ndcg_at_10"])}
        for day in days
        for name, metrics in day["metrics"].items()
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("day:T", title="day (UTC)", axis=alt.Axis(format="%-d %b", tickCount=FEWER_WHEN_NARROW)),
        color=colours_of("order", words),
        tooltip=[*_tips("day"), tip("order"), tip("reads", ",")],
    )
    y = alt.Y("value:Q", title=NDCG, axis=alt.Axis(tickCount=5))
    chart = alt.layer(
        base.mark_rule(strokeWidth=1, opacity=0.5).encode(y=alt.Y("low:Q", title=NDCG), y2="high:Q"),
        base.mark_line().encode(y=y),
        base.mark_circle(size=45, opacity=1).encode(y=y),
    )
    return Plot(
        "per_day",
        "Day by day",
        "The same on each test day, with 95% intervals. What was read on a day is learnt as it arrives, so later days "
        "are ranked with what earlier ones taught; the ranker itself is not fitted again.",
        chart.properties(height=HEIGHT),
    )


def _worth(name: str) -> alt.X:
    return alt.X(f"{name}:Q", title=NDCG, axis=alt.Axis(tickCount=FEWER_WHEN_NARROW))


def _tips(label: str) -> list[alt.Tooltip]:
    return [tip(label), tip("value", ".3f", NDCG), tip("low", ".3f"), tip("high", ".3f")]


PARTS = (
    (
        "article",
        "New and old articles",
        "Reads by how old the article was when it was opened. Popularity knows nothing of an article before others "
        "have read it; content and freshness do.",
    ),
    (
        "reader",
        "New and frequent readers",
        "Reads by how much of the reader was known. At a first read there is nothing but time, brand and visit.",
    ),
    ("identity", "Known readers and anonymous devices", "Reads of known readers, and of devices without an account."),
    ("brand", "Brands", "Reads by the brand on which they happened."),
)
"""Slices that are drawn: name, title, how to read it."""
