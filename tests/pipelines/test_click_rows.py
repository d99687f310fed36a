"""Impressions with their labels and features, and the same features from the table that serving reads."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from click_log import LOADED, RATES, START, USUAL, ClickLog, counted, ms, random_log

from readership.features.clicks.curve import Curve
from readership.features.clicks.derive import word_names
from readership.features.clicks.store import ClicksTable, ClicksWriter, Context, features
from readership.features.clicks.subject import ADS, ARTICLES, Subject
from readership.features.encoding import encode, vocabularies
from readership.pipelines.click_rows import beside, known, tick_of
from readership.pipelines.click_table import items, readers
from readership.warehouse import Warehouse, read_sql

CURVE = Curve(tuple(RATES), tuple(RATES.values()), USUAL)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
NOON = START + timedelta(hours=12)


def impressions(log: ClickLog, subject: Subject = ARTICLES, opens=START, closes=START + DAY, brand="") -> pl.DataFrame:
    return log.warehouse.frame(
        read_sql("readership.datasets.clicks", "impressions"),
        thing=subject.thing,
        opens_at=opens,
        closes_at=closes,
        snapshot_at=LOADED,
        window_minutes=subject.window_minutes,
        brand=brand,
    )


def label(log: ClickLog) -> int:
    log.write()
    found = impressions(log)
    assert found.height == 1
    return int(found["label"].item())


@pytest.mark.parametrize(
    ("after", "fields", "clicked"),
    [
        (timedelta(0), {}, 1),
        (30 * MINUTE - timedelta(milliseconds=1), {}, 1),
        (30 * MINUTE, {}, 0),
        (-timedelta(milliseconds=1), {}, 0),
        (MINUTE, {"slate_id": "other"}, 0),
        (MINUTE, {"article_id": "b"}, 0),
        (MINUTE, {"received_at": NOON + DAY}, 1),
        (MINUTE, {"loaded_at": LOADED + MINUTE}, 0),
    ],
)
def test_a_click_on_the_same_article_in_the_same_slate_within_half_an_hour(
    warehouse: Warehouse, after: timedelta, fields: dict[str, object], clicked: int
) -> None:
    log = ClickLog(warehouse)
    log.event("article_impression", NOON)
    log.event("article_click", NOON + after, **fields)
    assert label(log) == clicked


def test_without_a_slate_the_session_is_one(warehouse: Warehouse) -> None:
    log = ClickLog(warehouse)
    log.event("article_impression", NOON, slate_id="", session_id="v1")
    log.event("article_click", NOON + MINUTE, slate_id="", session_id="v2")
    assert label(log) == 0
    log.events = [dict(log.events[1], session_id="v1", event_id="00000000-0000-0000-0000-000000000009")]
    log.write()
    assert impressions(log)["label"].to_list() == [1]


def test_the_last_half_hour_of_a_day_is_left_out_so_that_labels_close_on_it(warehouse: Warehouse) -> None:
    log = ClickLog(warehouse)
    for minutes in (-31, -30, -1, 0):
        log.event("article_impression", START + DAY + minutes * MINUTE)
    log.event("article_impression", NOON, brand="other")
    log.write()
    assert impressions(log)["at_ms"].to_list() == [ms(NOON), ms(START + DAY - 31 * MINUTE)]
    assert impressions(log, brand="B")["at_ms"].to_list() == [ms(START + DAY - 31 * MINUTE)]
    assert impressions(log, closes=START + 2 * DAY).height == 3


def test_an_advertisement_is_clicked_where_its_decision_is(warehouse: Warehouse) -> None:
    log = ClickLog(warehouse)
    for decision, ad in (("d1", "x"), ("d2", "x")):
        log.event("ad_impression", NOON, decision_id=decision, ad_id=ad, position=None, campaign_id="c")
    log.event("ad_click", NOON + MINUTE, decision_id="d2", ad_id="x", position=None, campaign_id="c")
    log.event("article_impression", NOON)
    log.write()
    found = impressions(log, ADS)
    assert found.sort("shown_in")["label"].to_list() == [0, 1]
    assert set(found["campaign"]) == {"c"}


def _world(warehouse: Warehouse) -> ClickLog:
    log = ClickLog(warehouse)
    log.article("a", START + timedelta(hours=1))
    log.article("b", START, author="Bo", topics=["t2"], paywalled=1)
    random_log(log, 5)
    log.write()
    return log


def test_features_are_worked_out_from_counts_by_hand(warehouse: Warehouse) -> None:
    log, at = _world(warehouse), START + timedelta(hours=50, minutes=7)
    shown = pl.DataFrame(
        {"user_id": [1], "item_id": ["a"], "at_ms": [ms(at)], "position": [2], "placement": ["front"],
         "device_type": ["app"], "brand": ["B"], "referrer": [""]},
        schema_overrides={"user_id": pl.UInt64},
    )  # fmt: skip
    what = known(warehouse, ARTICLES, CURVE, at - DAY, at + DAY, LOADED)
    (row,) = beside(ARTICLES, shown, what).to_dicts()

    def rate(pair: tuple[int, int], prior: float, weight: float) -> float:
        return (pair[0] + weight * prior) / (pair[1] / 1e6 + weight)

    author = rate(counted(log, ms(at), ms(START + timedelta(hours=1)), article_id="a"), 1.0, 20.0)
    assert row["author_rate"] == pytest.approx(author), "article a alone is Ada's, from when it is known to be"
    assert row["item_rate"] == pytest.approx(rate(counted(log, ms(at), article_id="a"), author, 3.0))
    reader = rate(counted(log, ms(at), user_id=1), 1.0, 3.0)
    sport = counted(log, ms(at), user_id=1, category="sport")
    assert row["reader_rate"] == pytest.approx(reader)
    assert row["category_liking"] == pytest.approx(rate(sport, reader, 1.0) / reader)
    assert row["category_shown"] == pytest.approx(sport[1] / 1e6)
    assert row["age_hours"] == pytest.approx(49 + 7 / 60)
    assert (row["position"], row["hour"], row["paywalled"], row["title_words"]) == (2, 2, 0, 3)
    assert row["category"] == "sport"
    assert row["tier"] is None


def test_of_an_unknown_article_and_reader_every_rate_is_the_usual_one(warehouse: Warehouse) -> None:
    log, at = _world(warehouse), START + timedelta(hours=50)
    shown = pl.DataFrame(
        {"user_id": [99], "item_id": ["new"], "at_ms": [ms(at)], "position": [0], "placement": ["front"],
         "device_type": ["app"], "brand": ["B"], "referrer": [""]},
        schema_overrides={"user_id": pl.UInt64},
    )  # fmt: skip
    (row,) = beside(ARTICLES, shown, known(log.warehouse, ARTICLES, CURVE, at - DAY, at, LOADED)).to_dicts()
    assert {row[name] for name in ("item_rate", "author_rate", "reader_rate", "category_liking")} == {1.0}
    assert np.isnan(row["age_hours"])
    assert row["reader_expected"] == 0


def test_the_table_of_serving_gives_the_features_of_training(warehouse: Warehouse, tmp_path) -> None:
    _world(warehouse)
    at = START + timedelta(hours=60)
    shown = pl.DataFrame(
        {"user_id": [1, 1, 3], "item_id": ["a", "unseen", "b"], "at_ms": [ms(at)] * 3, "position": [0] * 3,
         "placement": ["front"] * 3, "device_type": ["app"] * 3, "brand": ["B"] * 3, "referrer": ["direct"] * 3},
        schema_overrides={"user_id": pl.UInt64},
    )  # fmt: skip
    trained = beside(ARTICLES, shown, known(warehouse, ARTICLES, CURVE, at - DAY, at, LOADED))
    categories = vocabularies(trained, list(word_names(ARTICLES)))
    wanted = encode(trained, trained.columns, categories)
    now = known(warehouse, ARTICLES, CURVE, at, at, LOADED)
    with ClicksWriter(tmp_path, as_of=at, model_version="v") as writer:
        writer.put_items(items(ARTICLES, now, at))
        writer.put_readers(readers(now, pl.DataFrame({"user_id": [1, 3]}, schema={"user_id": pl.UInt64})))
    table = ClicksTable.open(tmp_path)
    assert table is not None
    context = Context(ms(at), "front", "app", "B", "direct")
    first = features(
        ARTICLES, trained.columns, categories, [table.item("a"), table.item("unseen")], table.reader(1), context
    )
    second = features(ARTICLES, trained.columns, categories, [table.item("b")], table.reader(3), context)
    np.testing.assert_array_equal(np.concatenate([first, second]), wanted)
    assert table.reader(2) is None, "who has not agreed to personalisation is not in the table"
    assert table.item("unseen") is None
    assert tick_of(at) * 600_000 == ms(at)
