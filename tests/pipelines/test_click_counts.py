"""What was known of items and readers at each ten minutes, by SQL and by plain Python over every row."""

import random
from datetime import timedelta

import polars as pl
import pytest
from click_log import LOADED, RATES, START, TICK, TICK_MS, USUAL, ClickLog, counted, ms, random_log

from readership.features.clicks.curve import Curve
from readership.features.clicks.subject import ARTICLES
from readership.pipelines.click_rows import Known, known, tick_of
from readership.warehouse import Warehouse

CURVE = Curve(tuple(RATES), tuple(RATES.values()), USUAL)
DAY = timedelta(days=1)


def read(log: ClickLog, opens=START + DAY, closes=START + 3 * DAY, snapshot=LOADED) -> Known:
    return known(log.warehouse, ARTICLES, CURVE, opens, closes, snapshot)


def state(frame: pl.DataFrame, tick: int, **key: object) -> tuple[int, int]:
    """Clicks and expected clicks of the newest row of a key at or before a tick."""
    rows = frame.filter(pl.col("tick") <= tick, **key).sort("tick")
    return (0, 0) if rows.is_empty() else tuple(rows.select("clicks", "expected_micros").row(-1))  # type: ignore[return-value]


@pytest.mark.parametrize("seed", [1, 2])
def test_counts_are_those_of_plain_python_at_random_times(warehouse: Warehouse, seed: int) -> None:
    log = ClickLog(warehouse)
    log.article("a", START - DAY)
    log.article("b", START - DAY, author="Bo", topics=["t2"])
    random_log(log, seed)
    log.write()
    what, draw, compared = read(log), random.Random(seed), 0
    for _ in range(60):
        at = ms(START + DAY) + draw.randrange(2 * 86_400_000)
        tick, reader, article = at // TICK_MS, draw.randrange(1, 5), draw.choice("abc")
        assert state(what.items, tick, item_id=article) == counted(log, at, article_id=article)
        assert state(what.readers, tick, user_id=reader, trait="") == counted(log, at, user_id=reader)
        wanted = counted(log, at, user_id=reader, category="sport")
        assert state(what.readers, tick, user_id=reader, trait="category", word="sport") == wanted
        assert state(what.traits, tick, trait="type", word="video") == counted(log, at, article_type="video")
        assert state(what.traits, tick, trait="author", word="B|Bo") == counted(log, at, article_id="b")
        both = tuple(map(sum, zip(counted(log, at, article_id="a"), counted(log, at, article_id="b"), strict=True)))
        assert state(what.traits, tick, trait="topic", word="t2") == both
        compared += sum(wanted) > 0
    assert compared > 40


def test_a_row_exactly_at_the_tick_and_one_received_later_do_not_count(warehouse: Warehouse) -> None:
    log, at = ClickLog(warehouse), START + 2 * DAY
    log.event("article_click", at)
    log.event("article_click", at - TICK, received_at=at + timedelta(milliseconds=1))
    log.event("article_click", at - TICK, received_at=at, user_id=2)
    log.event("article_click", at - TICK, loaded_at=LOADED + TICK)
    log.write()
    what, tick = read(log), tick_of(at)
    assert state(what.items, tick, item_id="a") == (1, 0), "the third alone"
    assert state(what.readers, tick, user_id=1, trait="") == (0, 0)
    assert state(what.items, tick + 1, item_id="a") == (3, 0), "ten minutes later the first two are known as well"


def test_what_comes_later_changes_nothing_that_was_known(warehouse: Warehouse) -> None:
    log = ClickLog(warehouse)
    random_log(log, 3)
    log.write()
    middle = START + 2 * DAY
    whole, early = read(log), read(log, closes=middle)
    for name in ("items", "traits", "readers"):
        frame = getattr(whole, name).filter(pl.col("tick") <= tick_of(middle))
        assert frame.equals(getattr(early, name)), name
        assert frame.height > 20


def test_an_author_is_the_one_known_when_the_event_happened(warehouse: Warehouse) -> None:
    log = ClickLog(warehouse)
    log.article("a", START)
    log.article("a", START, author="Bo", valid_from=START + DAY, received_at=START + DAY + TICK)
    for hours in (3, 24.1, 30):
        log.event("article_click", START + timedelta(hours=hours))
    log.write()
    what = read(log)
    assert state(what.traits, tick_of(START + 2 * DAY), trait="author", word="B|Ada") == (2, 0)
    assert state(what.traits, tick_of(START + 2 * DAY), trait="author", word="B|Bo") == (1, 0)
    facts = what.facts.sort("tick")
    assert facts["author"].to_list() == ["B|Ada", "B|Bo"]
    assert facts["tick"].to_list()[1] == tick_of(START + DAY + TICK)
    assert facts["title_words"].to_list() == [3, 3]
