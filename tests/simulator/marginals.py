"""What comes out of a world, in the figures that publishers publish. docs/simulator.md sets them side by side."""

import datetime as dt

import numpy as np
import polars as pl

PAID = ["premium", "pro", "enterprise"]
FIELD_DAYS = 86_400


def sessions(events: pl.DataFrame) -> pl.DataFrame:
    """One row a session."""
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


def figures(events: pl.DataFrame, articles: pl.DataFrame, subscriptions: pl.DataFrame) -> dict[str, float]:
    """Every figure of the table, by name."""
    visits = sessions(events)
    return {
        **_loyalty(visits),
        **_reading(events, articles, visits),
        **_advertising(events),
        **_paying(events, subscriptions),
    }


def _loyalty(visits: pl.DataFrame) -> dict[str, float]:
    per_reader = visits.group_by("reader").agg(pl.len().alias("n"), pl.col("registered").any())
    devices = visits.sort("start").group_by("device_id", maintain_order=True).agg("start", "registered")
    first = devices.filter(
        ~pl.col("registered").list.first()
        & (pl.col("start").list.first() > visits["start"].min() + dt.timedelta(days=28))
        & (pl.col("start").list.first() < visits["start"].max() - dt.timedelta(days=7))
    )
    second = first["start"].list.get(1, null_on_oob=True) - first["start"].list.first()
    known = visits.filter("registered").sort("reader", "start")
    gaps = known.with_columns(pl.col("start").diff().over("reader").dt.total_seconds().alias("gap"))
    spread = gaps.group_by("reader").agg(
        pl.col("gap").mean().alias("m"), pl.col("gap").std().alias("s"), pl.len().alias("n")
    )
    spread = spread.filter(pl.col("n") >= 20)
    month = known.group_by("reader", pl.col("start").dt.truncate("1mo")).agg(pl.len().alias("n"))
    by_size = per_reader["n"].sort(descending=True)
    return {
        "anonymous_share_of_readers": 1 - per_reader["registered"].mean(),
        "one_visit_share_of_readers": (per_reader["n"] == 1).mean(),
        "new_not_back_in_7_days": 1 - (second.fill_null(dt.timedelta(days=99)) <= dt.timedelta(days=7)).mean(),
        "visits_a_month_of_registered": month["n"].mean(),
        "share_of_visits_by_top_tenth": by_size.head(len(by_size) // 10).sum() / by_size.sum(),
        "burstiness_median": ((spread["s"] - spread["m"]) / (spread["s"] + spread["m"])).median(),
        "search_share_of_visits": visits["referrer"].str.contains("www.google").mean(),
        "social_share_of_visits": visits["referrer"].str.contains("facebook").mean(),
        "mobile_share_of_visits": visits["device_type"].is_in(["mobile", "app"]).mean(),
    }


def _reading(events: pl.DataFrame, articles: pl.DataFrame, visits: pl.DataFrame) -> dict[str, float]:
    seconds = events["time_on_page"].drop_nulls()
    views = events.filter(pl.col("event_type") == "article_view").join(articles, on="article_id", suffix="_article")
    age = (views["timestamp"] - views["published_at"]).dt.total_seconds() / 3600
    per_article = views.group_by("article_id").len()["len"].sort(descending=True)
    return {
        "articles_per_session": visits["views"].mean(),
        "articles_per_session_from_social": visits.filter(pl.col("referrer").str.contains("facebook"))["views"].mean(),
        "one_article_share_of_sessions": (visits["views"] == 1).mean(),
        "mean_engaged_seconds": seconds.mean(),
        "under_15_seconds": (seconds < 15).mean(),
        "spread_of_log_dwell": float(np.log(seconds.to_numpy()).std()),
        "median_age_at_reading_hours": age.median(),
        "share_of_views_of_top_tenth_of_articles": per_article.head(len(articles) // 10).sum() / per_article.sum(),
    }


def _advertising(events: pl.DataFrame) -> dict[str, float]:
    shown = events.filter(pl.col("event_type") == "ad_impression")
    clicks = events.filter(pl.col("event_type") == "ad_click")
    return {
        "ad_click_rate": len(clicks) / len(shown),
        "eur_per_thousand_impressions": 1000 * shown["ad_revenue"].mean(),
    }


def _paying(events: pl.DataFrame, subscriptions: pl.DataFrame) -> dict[str, float]:
    first, last = events["timestamp"].min(), events["timestamp"].max()
    paid = subscriptions.filter(pl.col("reason") == "")
    lost = subscriptions.filter(pl.col("reason") != "")
    spans = paid.select(
        (pl.min_horizontal("period_end", pl.lit(last)) - pl.max_horizontal("period_start", pl.lit(first)))
        .dt.total_seconds()
        .clip(0)
    ).to_series()
    registered = events.filter(pl.col("user_id").is_not_null())
    free = registered.filter(~pl.col("subscription_tier").is_in(PAID))
    months = (last - first).total_seconds() / FIELD_DAYS / 30
    starters = registered.filter(pl.col("event_type") == "subscription_start")["user_id"].n_unique()
    active_free = (
        free.group_by(pl.col("timestamp").dt.truncate("30d")).agg(pl.col("user_id").n_unique())["user_id"].mean()
    )
    return {
        "monthly_loss_of_subscribers": len(lost) / (spans.sum() / FIELD_DAYS / 30),
        "payment_share_of_losses": (lost["reason"] == "payment").mean(),
        "starts_a_month_per_active_free_reader": starters / months / active_free,
        "registered_who_start": starters / free["user_id"].n_unique(),
    }
