"""Slates: what is shown, what is clicked with which probability, and that texts tell what will be."""

import numpy as np
import polars as pl
import pytest

from readership.simulator import parameters as p

KEYS = ["slate_id", "position"]


@pytest.fixture(scope="module")
def shown(lived) -> pl.DataFrame:
    """Every impression of an article: as logged, whether it was clicked, and its true probability."""
    events = lived.events
    clicks = events.filter(pl.col("event_type") == "article_click").select(
        *KEYS, pl.col("timestamp").alias("clicked_at")
    )
    return (
        events.filter(pl.col("event_type") == "article_impression")
        .join(clicks, on=KEYS, how="left")
        .join(lived.truth["impressions"].drop("timestamp", "article_id", "placement", "user_id"), on=KEYS)
        .with_columns(pl.col("clicked_at").is_not_null().alias("clicked"))
    )


def test_every_impression_has_its_truth_and_every_click_its_impression(lived, shown: pl.DataFrame) -> None:
    counts = dict(lived.events["event_type"].value_counts().iter_rows())
    assert len(shown) == counts["article_impression"] == len(lived.truth["impressions"])
    assert shown["clicked"].sum() == counts["article_click"]
    assert (shown.filter("clicked")["clicked_at"] > shown.filter("clicked")["timestamp"]).all()


def test_a_slate_shows_no_article_twice_and_never_the_one_it_stands_under(lived, shown: pl.DataFrame) -> None:
    slates = shown.group_by("slate_id").agg(
        pl.len(), pl.col("article_id").n_unique().alias("n"), pl.col("position").max(), pl.col("placement").first()
    )
    assert (slates["len"] == slates["n"]).all()
    most = slates.group_by("placement").agg(pl.col("position").max()).rows()
    assert dict(most) == {"front": p.PLACES[0], "related": p.PLACES[1]}
    front = slates.filter(pl.col("placement") == "front")
    assert (front["len"] == p.PLACES[0]).all()


@pytest.mark.parametrize("placement", ["front", "related"])
def test_clicks_come_with_the_stated_probability_at_every_position(shown: pl.DataFrame, placement: str) -> None:
    by_position = (
        shown.filter(pl.col("placement") == placement)
        .group_by("position")
        .agg(
            pl.col("clicked").sum(),
            pl.col("click_probability").sum().alias("expected"),
            (pl.col("click_probability") * (1 - pl.col("click_probability"))).sum().sqrt().alias("spread"),
        )
        .sort("position")
    )
    off = (by_position["clicked"] - by_position["expected"]) / by_position["spread"]
    assert off.abs().max() < 4
    assert by_position["expected"][0] > by_position["expected"][-1]


def test_clicks_come_with_the_stated_probability_at_every_level_of_it(shown: pl.DataFrame) -> None:
    ordered = shown.sort("click_probability")
    for part in np.array_split(np.arange(len(ordered)), 10):
        chance = ordered["click_probability"].to_numpy()[part]
        clicked = ordered["clicked"].to_numpy()[part].sum()
        assert abs(clicked - chance.sum()) < 4 * np.sqrt((chance * (1 - chance)).sum())


def test_attraction_is_free_of_the_position(shown: pl.DataFrame) -> None:
    assert (shown["attraction"] >= shown["click_probability"]).all()
    first = shown.filter(pl.col("position") == 1)
    assert (first["attraction"] == first["click_probability"]).all()


def test_one_place_of_each_front_slate_is_drawn_evenly_and_says_so(shown: pl.DataFrame) -> None:
    even = shown.filter(pl.col("experiment") == "front_slot")
    front = shown.filter(pl.col("placement") == "front")
    assert even["position"].unique().to_list() == [p.EVEN_PLACE]
    assert len(even) == front["slate_id"].n_unique()
    assert even["variant"].unique().to_list() == ["even"]
    assert even["propensity"].is_between(1 / 30, 1).all()
    assert front.filter(pl.col("position") != p.EVEN_PLACE)["propensity"].null_count() == len(front) - len(even)
    others = front.filter(pl.col("position") != p.EVEN_PLACE)
    assert even["attraction"].mean() < others["attraction"].mean()  # what editors choose draws more


def test_what_is_opened_was_clicked_or_landed_on(lived) -> None:
    views = lived.events.filter(pl.col("event_type") == "article_view")
    clicks = lived.events.filter(pl.col("event_type") == "article_click")
    once = views.group_by("session_id", "article_id").len()
    assert once["len"].max() == 1
    unclicked = views.join(
        clicks.select("session_id", "article_id").unique(), on=["session_id", "article_id"], how="anti"
    )
    assert unclicked["session_id"].n_unique() == len(unclicked)  # one landing a session
    assert "direct" not in unclicked["referrer"].unique().to_list()


def test_texts_tell_topics_apart(lived) -> None:
    articles = lived.articles.with_columns(pl.col("topics").list.first().alias("topic")).head(600)
    words = [set(body.lower().replace(",", "").replace(".", "").split()) for body in articles["body"]]
    common = {word for word in set().union(*words) if sum(word in text for text in words) > 0.15 * len(words)}
    words = [text - common for text in words]
    topic = articles["topic"].to_list()
    alike, other = [], []
    for a in range(0, 300):
        for b in range(a + 1, 300):
            share = len(words[a] & words[b]) / len(words[a] | words[b])
            (alike if topic[a] == topic[b] else other).append(share)
    assert np.mean(alike) > 3 * np.mean(other)


def test_readers_click_more_on_topics_they_clicked_before(shown: pl.DataFrame, lived) -> None:
    """What text similarity can learn: the topic of earlier clicks raises the chance of a later one."""
    topics = lived.articles.select("article_id", pl.col("topics").list.first().alias("topic"), "category")
    known = shown.filter(pl.col("user_id").is_not_null() & (pl.col("placement") == "front")).join(
        topics, on="article_id"
    )
    middle = lived.world.start + (lived.world.end - lived.world.start) / 2
    before = known.filter(pl.col("timestamp") < middle)
    after = known.filter(pl.col("timestamp") >= middle)
    rate = before.group_by("user_id", "topic").agg(pl.col("clicked").mean().alias("liked"), pl.len().alias("seen"))
    rate = rate.filter(pl.col("seen") >= 5)
    judged = after.join(rate, on=["user_id", "topic"])
    high = judged.filter(pl.col("liked") > judged["liked"].quantile(0.75))["attraction"].mean()
    low = judged.filter(pl.col("liked") < judged["liked"].quantile(0.25))["attraction"].mean()
    assert high > 1.2 * low
