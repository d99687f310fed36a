"""What comes out of a world, in the figures that publishers publish; docs/simulator.md sets the two side by side."""

import datetime as dt

import polars as pl

PAID = ("premium", "pro", "enterprise")
MONTH_SECONDS = 30 * 86_400
FRONT, RELATED = "front", "related"
LAST_PLACE = 10
"""Of the front page."""


def figures(events: pl.DataFrame, articles: pl.DataFrame, subscriptions: pl.DataFrame) -> dict[str, float]:
    """Every figure of the table, by name; from the log alone, as any publisher could."""
    visits = sessions(events)
    return {
        **_loyalty(visits),
        **_arrivals(visits),
        **_reading(events, articles, visits),
        **_headlines(events),
        **_advertising(events),
        **_paying(events, subscriptions),
    }


def sessions(events: pl.DataFrame) -> pl.DataFrame:
    """One row a session; `reader` is the account, else the device."""
    return (
        events.with_columns(pl.col("user_id").fill_null("device:" + pl.col("device_id")).alias("reader"))
        .group_by("session_id")
        .agg(
            pl.col("reader", "device_id", "referrer", "device_type").first(),
            pl.col("user_id").is_not_null().any().alias("registered"),
            pl.col("timestamp").min().alias("start"),
            (pl.col("event_type") == "article_view").sum().alias("views"),
        )
    )


def click_rates(events: pl.DataFrame) -> pl.DataFrame:
    """Clicks per headline shown, by `placement` and `position`."""
    shown = _at_places(events, "article_impression").rename({"len": "shown"})
    clicked = _at_places(events, "article_click").rename({"len": "clicked"})
    return (
        shown.join(clicked, on=["placement", "position"], how="left")
        .with_columns((pl.col("clicked").fill_null(0) / pl.col("shown")).alias("rate"))
        .sort("placement", "position")
    )


def ages_at_reading(events: pl.DataFrame, articles: pl.DataFrame) -> pl.Series:
    """Hours since publication, of every view."""
    views = events.filter(pl.col("event_type") == "article_view").join(articles, on="article_id", suffix="_article")
    return (views["timestamp"] - views["published_at"]).dt.total_seconds() / 3600


def _at_places(events: pl.DataFrame, kind: str) -> pl.DataFrame:
    known = (pl.col("event_type") == kind) & pl.col("slate_id").is_not_null()
    return events.filter(known).group_by("placement", "position").len()


def _loyalty(visits: pl.DataFrame) -> dict[str, float]:
    per_reader = visits.group_by("reader").agg(pl.len().alias("n"), pl.col("registered").any()).sort("n")
    known = visits.filter("registered")
    month = pl.col("start").dt.truncate("30d")
    by_member = known.group_by("reader", month).agg(pl.len().alias("n"))
    by_cookie = visits.group_by("device_id", month).agg(pl.len().alias("n"))
    top = per_reader.tail(len(per_reader) // 10)
    return {
        "anonymous_share_of_readers": _of(per_reader, 1 - pl.col("registered").mean()),
        "one_visit_share_of_readers": _of(per_reader, (pl.col("n") == 1).mean()),
        "one_visit_share_of_a_month_s_visitors": _of(by_cookie, (pl.col("n") == 1).mean()),
        "visits_a_month_per_visitor": _of(by_cookie, pl.col("n").mean()),
        "visits_a_month_of_registered": _of(by_member, pl.col("n").mean()),
        "new_not_back_in_7_days": _not_back(visits),
        "share_of_visits_by_top_tenth": _of(top, pl.col("n").sum()) / len(visits),
        "burstiness_median": _burstiness(known),
    }


def _not_back(visits: pl.DataFrame) -> float:
    """Share of anonymous first visits (of devices not seen in 28 days of the log) without another within a week."""
    start, first = pl.col("start"), pl.col("start").list.first()
    span = visits.select(start.min().alias("from"), start.max().alias("to")).row(0, named=True)
    devices = visits.sort("start").group_by("device_id", maintain_order=True).agg("start", "registered")
    new = devices.filter(
        ~pl.col("registered").list.first()
        & (first > span["from"] + dt.timedelta(days=28))
        & (first < span["to"] - dt.timedelta(days=7))
    )
    second = start.list.get(1, null_on_oob=True) - first
    return _of(new, 1 - (second.fill_null(dt.timedelta(days=99)) <= dt.timedelta(days=7)).mean())


def _burstiness(known: pl.DataFrame) -> float:
    """Median over readers with 20 sessions or more of (s - m) / (s + m), m and s of the gaps between sessions."""
    gaps = known.sort("reader", "start").with_columns(
        pl.col("start").diff().over("reader").dt.total_seconds().alias("gap")
    )
    gap = pl.col("gap")
    spread = gaps.group_by("reader").agg(gap.mean().alias("m"), gap.std().alias("s"), pl.len().alias("n"))
    measure = (pl.col("s") - pl.col("m")) / (pl.col("s") + pl.col("m"))
    return _of(spread.filter(pl.col("n") >= 20), measure.median())


def _arrivals(visits: pl.DataFrame) -> dict[str, float]:
    return {
        "search_share_of_visits": _of(visits, pl.col("referrer").str.contains("www.google").mean()),
        "social_share_of_visits": _of(visits, pl.col("referrer").str.contains("facebook").mean()),
        "mobile_share_of_visits": _of(visits, pl.col("device_type").is_in(["mobile", "app"]).mean()),
    }


def _reading(events: pl.DataFrame, articles: pl.DataFrame, visits: pl.DataFrame) -> dict[str, float]:
    seconds, kind = pl.col("time_on_page"), pl.col("article_type")
    left = events.filter(seconds.is_not_null())
    views = events.filter(pl.col("event_type") == "article_view")
    most_read = views.group_by("article_id").len().sort("len").tail(len(articles) // 10)
    from_social = visits.filter(pl.col("referrer").str.contains("facebook"))
    return {
        "articles_per_session": _of(visits, pl.col("views").mean()),
        "articles_per_session_from_social": _of(from_social, pl.col("views").mean()),
        "one_article_share_of_sessions": _of(visits, (pl.col("views") == 1).mean()),
        "mean_engaged_seconds": _of(left, seconds.mean()),
        "under_15_seconds": _of(left, (seconds < 15).mean()),
        "spread_of_log_dwell": _of(left, seconds.log().std()),
        "feature_dwell_over_news": _of(
            left, seconds.filter(kind == "feature").mean() / seconds.filter(kind == "news").mean()
        ),
        "video_dwell_over_mean": _of(left, seconds.filter(kind == "video").mean() / seconds.mean()),
        "median_age_at_reading_hours": _of(
            ages_at_reading(events, articles).to_frame("hours"), pl.col("hours").median()
        ),
        "share_of_views_of_top_tenth_of_articles": _of(most_read, pl.col("len").sum()) / len(views),
    }


def _headlines(events: pl.DataFrame) -> dict[str, float]:
    rates = click_rates(events)
    front, related = (rates.filter(pl.col("placement") == name) for name in (FRONT, RELATED))
    rate, place = pl.col("rate"), pl.col("position")
    overall = pl.col("clicked").sum() / pl.col("shown").sum()
    return {
        "front_click_rate": _of(front, overall),
        "front_click_rate_first_place": _of(front, rate.filter(place == 1).first()),
        "front_first_place_over_last": _of(
            front, rate.filter(place == 1).first() / rate.filter(place == LAST_PLACE).first()
        ),
        "related_click_rate": _of(related, overall),
    }


def _advertising(events: pl.DataFrame) -> dict[str, float]:
    kind = pl.col("event_type")
    shown = (kind == "ad_impression").sum()
    return {
        "ad_click_rate": _of(events, (kind == "ad_click").sum() / shown),
        "eur_per_thousand_impressions": _of(events, 1000 * pl.col("ad_revenue").sum() / shown),
    }


def _paying(events: pl.DataFrame, subscriptions: pl.DataFrame) -> dict[str, float]:
    time, who = pl.col("timestamp"), pl.col("user_id")
    span = events.select(time.min().alias("from"), time.max().alias("to")).row(0, named=True)
    within = pl.min_horizontal("period_end", pl.lit(span["to"])) - pl.max_horizontal(
        "period_start", pl.lit(span["from"])
    )
    paid, lost = subscriptions.filter(pl.col("reason") == ""), subscriptions.filter(pl.col("reason") != "")
    paid_months = _of(paid, within.dt.total_seconds().clip(0).sum()) / MONTH_SECONDS
    registered = events.filter(who.is_not_null())
    free = registered.filter(~pl.col("subscription_tier").is_in(PAID))
    starters = _of(registered, who.filter(pl.col("event_type") == "subscription_start").n_unique())
    active_free = _of(free.group_by(time.dt.truncate("30d")).agg(who.n_unique()), who.mean())
    months = (span["to"] - span["from"]).total_seconds() / MONTH_SECONDS
    return {
        "monthly_loss_of_subscribers": len(lost) / paid_months,
        "payment_share_of_losses": _of(lost, (pl.col("reason") == "payment").mean()),
        "starts_a_month_per_active_free_reader": starters / months / active_free,
        "registered_who_start": starters / _of(free, who.n_unique()),
    }


def _of(frame: pl.DataFrame, expression: pl.Expr) -> float:
    """One number of a frame; nan where there is none."""
    found = frame.select(expression).item()
    return float("nan") if found is None else float(found)
