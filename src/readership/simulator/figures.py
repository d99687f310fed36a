"""What comes out of a world, in the figures that publishers publish; docs/simulator.md sets the two side by side."""

import datetime as dt

import numpy as np
import polars as pl

PAID = ("premium", "pro", "enterprise")
DAY_SECONDS = 86_400
FRONT, RELATED = "front", "related"
LAST_PLACE = {FRONT: 10, RELATED: 4}


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
    month = pl.col("start").dt.truncate("30d")
    by_member = known.group_by("reader", month).agg(pl.len().alias("n"))
    by_cookie = visits.group_by("device_id", month).agg(pl.len().alias("n"))
    by_size = per_reader["n"].sort(descending=True)
    return {
        "anonymous_share_of_readers": 1 - per_reader["registered"].mean(),
        "one_visit_share_of_readers": (per_reader["n"] == 1).mean(),
        "one_visit_share_of_a_month_s_visitors": (by_cookie["n"] == 1).mean(),
        "visits_a_month_per_visitor": by_cookie["n"].mean(),
        "visits_a_month_of_registered": by_member["n"].mean(),
        "new_not_back_in_7_days": 1 - (second.fill_null(dt.timedelta(days=99)) <= dt.timedelta(days=7)).mean(),
        "share_of_visits_by_top_tenth": by_size.head(len(by_size) // 10).sum() / by_size.sum(),
        "burstiness_median": ((spread["s"] - spread["m"]) / (spread["s"] + spread["m"])).median(),
    }


def _arrivals(visits: pl.DataFrame) -> dict[str, float]:
    return {
        "search_share_of_visits": visits["referrer"].str.contains("www.google").mean(),
        "social_share_of_visits": visits["referrer"].str.contains("facebook").mean(),
        "mobile_share_of_visits": visits["device_type"].is_in(["mobile", "app"]).mean(),
    }


def _reading(events: pl.DataFrame, articles: pl.DataFrame, visits: pl.DataFrame) -> dict[str, float]:
    left = events.filter(pl.col("time_on_page").is_not_null())
    seconds = left["time_on_page"]
    means = dict(left.group_by("article_type").agg(pl.col("time_on_page").mean()).iter_rows())
    views = events.filter(pl.col("event_type") == "article_view")
    per_article = views.group_by("article_id").len()["len"].sort(descending=True)
    return {
        "articles_per_session": visits["views"].mean(),
        "articles_per_session_from_social": visits.filter(pl.col("referrer").str.contains("facebook"))["views"].mean(),
        "one_article_share_of_sessions": (visits["views"] == 1).mean(),
        "mean_engaged_seconds": seconds.mean(),
        "under_15_seconds": (seconds < 15).mean(),
        "spread_of_log_dwell": float(np.log(seconds.to_numpy()).std()),
        "feature_dwell_over_news": means["feature"] / means["news"],
        "video_dwell_over_mean": means["video"] / seconds.mean(),
        "median_age_at_reading_hours": ages_at_reading(events, articles).median(),
        "share_of_views_of_top_tenth_of_articles": per_article.head(len(articles) // 10).sum() / per_article.sum(),
    }


def _headlines(events: pl.DataFrame) -> dict[str, float]:
    rates = click_rates(events)
    front, related = (rates.filter(pl.col("placement") == name) for name in (FRONT, RELATED))
    at = dict(zip(front["position"].to_list(), front["rate"].to_list(), strict=True))
    return {
        "front_click_rate": front["clicked"].sum() / front["shown"].sum(),
        "front_click_rate_first_place": at[1],
        "front_first_place_over_last": at[1] / at[LAST_PLACE[FRONT]],
        "related_click_rate": related["clicked"].sum() / related["shown"].sum(),
    }


def _advertising(events: pl.DataFrame) -> dict[str, float]:
    shown = events.filter(pl.col("event_type") == "ad_impression")
    clicks = events.filter(pl.col("event_type") == "ad_click")
    return {
        "ad_click_rate": len(clicks) / len(shown),
        "eur_per_thousand_impressions": 1000 * events["ad_revenue"].sum() / len(shown),
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
    months = (last - first).total_seconds() / DAY_SECONDS / 30
    starters = registered.filter(pl.col("event_type") == "subscription_start")["user_id"].n_unique()
    active_free = (
        free.group_by(pl.col("timestamp").dt.truncate("30d")).agg(pl.col("user_id").n_unique())["user_id"].mean()
    )
    return {
        "monthly_loss_of_subscribers": len(lost) / (spans.sum() / DAY_SECONDS / 30),
        "payment_share_of_losses": (lost["reason"] == "payment").mean(),
        "starts_a_month_per_active_free_reader": starters / months / active_free,
        "registered_who_start": starters / free["user_id"].n_unique(),
    }
