"""Measure a simulated world against published figures: the table of docs/simulator.md, and its picture.

    python tools/world.py --readers 4000 --days 270 --seed 7 --picture docs/images/world.png

Prints every figure; with --picture also draws the distributions behind them. Needs the extra `train`.
"""

import argparse
from pathlib import Path

import altair as alt
import polars as pl
import vl_convert

from readership.simulator import World, simulate
from readership.simulator.figures import ages_at_reading, click_rates, figures, sessions

COLOURS = ["#1f5f8b", "#c8553d", "#6b8f3b", "#8d6a9f", "#b08900"]
PUBLISHED = "#888888"
COLUMNS = (
    "user_id", "device_id", "session_id", "event_type", "timestamp", "referrer", "device_type", "time_on_page",
    "article_id", "article_type", "slate_id", "position", "placement", "ad_revenue", "subscription_tier",
)  # fmt: skip
"""Of the events: those that figures are made from."""


def main() -> None:
    """Make a world, print its figures, draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=4000)
    parser.add_argument("--days", type=int, default=270)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--picture", type=Path)
    asked = parser.parse_args()
    events, articles, subscriptions = lived(World(asked.readers, asked.days, asked.seed))
    for name, value in figures(events, articles, subscriptions).items():
        print(f"{name:<42} {value:.4g}")
    if asked.picture:
        chart = picture(events, articles, subscriptions)
        asked.picture.write_bytes(vl_convert.vegalite_to_png(chart.to_json(), scale=1.5))


def lived(world: World) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Events, articles and subscriptions of a whole world."""
    kept: tuple[list[pl.DataFrame], ...] = ([], [], [])
    for day in simulate(world):
        for frames, table in zip(kept, (day.events.select(COLUMNS), day.articles, day.subscriptions), strict=True):
            frame = pl.from_arrow(table)
            assert isinstance(frame, pl.DataFrame)
            frames.append(frame.with_columns(pl.col(pl.Categorical).cast(pl.String)))
    events, articles, subscriptions = (pl.concat(frames) for frames in kept)
    return events, articles.drop("body"), subscriptions


def picture(events: pl.DataFrame, articles: pl.DataFrame, subscriptions: pl.DataFrame) -> alt.TopLevelMixin:
    """Six panels; a grey dashed line is a published figure."""
    visits = sessions(events)
    rows = [
        [_visits(visits), _articles(visits), _dwell(events)],
        [_clicks(events), _lifetime(events, articles), _losses(events, subscriptions)],
    ]
    whole = alt.vconcat(*(alt.hconcat(*row).resolve_scale(color="independent") for row in rows))
    return whole.configure_view(stroke=None).configure_axis(grid=False, labelFontSize=11, titleFontSize=11)


def _panel(frame: pl.DataFrame, title: str) -> alt.Chart:
    return alt.Chart(alt.Data(values=frame.to_dicts()), title=title, width=270, height=190)


def _colour(field: str, where: str = "top-right") -> alt.Color:
    legend = alt.Legend(orient=where, fillColor="white", padding=3)
    return alt.Color(f"{field}:N", title=None, scale=alt.Scale(range=COLOURS), legend=legend)


def _rule(value: float, axis: str, said: str, at: int = 0) -> alt.LayerChart:
    """A published figure; `at` is where along the rule its words stand, in pixels."""
    base = alt.Chart(alt.Data(values=[{"value": value, "said": said}]))
    place = {axis: alt.datum(value)}
    line = base.mark_rule(color=PUBLISHED, strokeDash=[4, 3]).encode(**place)
    side = {"align": "left", "dx": 4, "dy": -6} if axis == "y" else {"align": "left", "dx": 4, "dy": 12}
    other = {"x": alt.value(at)} if axis == "y" else {"y": alt.value(at)}
    text = base.mark_text(color="#666666", fontSize=10, **side).encode(text="said:N", **place, **other)
    return line + text


def _visits(visits: pl.DataFrame) -> alt.LayerChart:
    """Share of a month's visitors with at least so many visits."""
    month = pl.col("start").dt.truncate("30d")
    parts = []
    for who, unit, some in (
        ("cookies", "device_id", visits),
        ("registered readers", "reader", visits.filter("registered")),
    ):
        counts = some.group_by(unit, month).len()["len"]
        steps = [number for number in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64) if (counts >= number).any()]
        parts.append(
            pl.DataFrame({"visits": steps, "share": [(counts >= number).mean() for number in steps]}).with_columns(
                pl.lit(who).alias("who")
            )
        )
    log = alt.Scale(type="log", domainMin=0.0005)
    line = _panel(pl.concat(parts), "Visits a month: share with at least x").mark_line(point=True)
    return line.encode(
        x=alt.X("visits:Q", title="visits in 30 days", scale=alt.Scale(type="log")),
        y=alt.Y("share:Q", title=None, scale=log, axis=alt.Axis(format="%", values=[1, 0.25, 0.1, 0.01, 0.001])),
        color=_colour("who", "bottom-left"),
    ) + _rule(0.25, "y", "published: fewer than 25 % come twice")


def _articles(visits: pl.DataFrame) -> alt.LayerChart:
    counts = visits.with_columns(pl.col("views").clip(0, 10)).group_by("views").len().sort("views")
    frame = counts.with_columns((pl.col("len") / pl.col("len").sum()).alias("share"))
    bars = _panel(frame, "Articles in a session").mark_bar(color=COLOURS[0])
    return bars.encode(
        x=alt.X("views:O", title="articles (10: or more)", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("share:Q", title=None, axis=alt.Axis(format="%")),
    ) + _rule(0.44, "y", "published: 44–75 % read one", at=110)


def _dwell(events: pl.DataFrame) -> alt.LayerChart:
    read = events.filter(pl.col("time_on_page").is_not_null())
    bins = read.with_columns((pl.col("time_on_page").log(2) * 2).round().alias("bin"))
    frame = (
        bins.group_by("article_type", "bin")
        .len()
        .with_columns(
            (pl.col("len") / pl.col("len").sum().over("article_type")).alias("share"),
            pl.lit(2.0).pow(pl.col("bin") / 2).alias("seconds"),
        )
    )
    line = _panel(frame.filter(pl.col("seconds").is_between(1, 600)).sort("seconds"), "Engaged time by type of article")
    return line.mark_line(interpolate="monotone").encode(
        x=alt.X("seconds:Q", title="seconds", scale=alt.Scale(type="log", domain=[1, 600])),
        y=alt.Y("share:Q", title=None, axis=None),
        color=_colour("article_type"),
    ) + _rule(15, "x", "a third below", at=168)


def _clicks(events: pl.DataFrame) -> alt.LayerChart:
    rates = click_rates(events).filter(pl.col("placement").is_in(["front", "related"]))
    line = _panel(rates, "Clicks per headline shown, by place").mark_line(point=True)
    return line.encode(
        x=alt.X("position:O", title="place", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("rate:Q", title=None, axis=alt.Axis(format=".0%")),
        color=_colour("placement"),
    ) + _rule(0.041, "y", "published mean: 4.1 %")


def _lifetime(events: pl.DataFrame, articles: pl.DataFrame) -> alt.LayerChart:
    ages = ages_at_reading(events, articles)
    hours = [1, 3, 6, 9, 12, 18, 24, 30, 36, 48, 60, 72, 96, 120, 168]
    frame = pl.DataFrame({"hours": hours, "share": [(ages <= hour).mean() for hour in hours]})
    line = _panel(frame, "An article's views, by its age").mark_line(point=True, color=COLOURS[0])
    return line.encode(
        x=alt.X("hours:Q", title="hours since publication"),
        y=alt.Y("share:Q", title=None, axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
    ) + _rule(36, "x", "published: half by 36 h", at=168)


def _losses(events: pl.DataFrame, subscriptions: pl.DataFrame) -> alt.LayerChart:
    """Subscribers lost in each 30 days, of those with a paid period in them."""
    first = events["timestamp"].min()
    days = (events["timestamp"].max() - first).days
    rows = []
    for number in range(days // 30):
        start = first + pl.duration(days=30 * number)
        end = first + pl.duration(days=30 * (number + 1))
        paying = (pl.col("period_start") < end) & (pl.col("period_end") > start)
        lost = (pl.col("reason") != "") & (pl.col("received_at") >= start) & (pl.col("received_at") < end)
        counts = subscriptions.select(
            pl.col("user_id").filter(paying).n_unique(),
            pl.col("user_id").filter(lost & (pl.col("reason") == "voluntary")).n_unique().alias("cancelled"),
            pl.col("user_id").filter(lost & (pl.col("reason") == "payment")).n_unique().alias("payment failed"),
        ).row(0)
        rows += [
            {"month": number + 1, "why": why, "share": count / counts[0]}
            for why, count in zip(("cancelled", "payment failed"), counts[1:], strict=True)
        ]
    bars = _panel(pl.DataFrame(rows), "Subscribers lost a month (published: 4.6 %)").mark_bar()
    return bars.encode(
        x=alt.X("month:O", title="month of the world", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("share:Q", title=None, axis=alt.Axis(format="%"), scale=alt.Scale(domainMax=0.08)),
        color=_colour("why"),
    ) + _rule(0.046, "y", "")


if __name__ == "__main__":
    main()
