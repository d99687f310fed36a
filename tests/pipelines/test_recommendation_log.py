"""What recommendations are learnt from, by hand: rows at the edge, late rows, consent, articles nobody told of."""

from datetime import datetime

import pytest
from reading_log import DAY, HOUR, LOADED, MS, Publisher, T

from readership.errors import NotEnoughData
from readership.pipelines.recommendation_log import NOBODY, Log, recommendation_log
from readership.settings import Settings
from readership.warehouse import Warehouse


@pytest.fixture
def publisher(warehouse: Warehouse) -> Publisher:
    return Publisher(warehouse)


def log(publisher: Publisher, **said: object) -> Log:
    return recommendation_log(publisher.write(), Settings(**said), T, LOADED)  # type: ignore[arg-type]


def ms(moment: object) -> int:
    return int(moment.timestamp() * 1000)  # type: ignore[attr-defined]


def test_a_read_at_the_moment_itself_and_a_late_one_are_left_out(publisher: Publisher) -> None:
    publisher.opens(1, "before", T - MS)
    publisher.opens(1, "at", T)
    publisher.opens(1, "late", T - DAY, received_at=T + MS)
    publisher.opens(1, "just in time", T - DAY, received_at=T)
    publisher.opens(1, "loaded after", T - DAY, loaded_at=LOADED + MS)
    found = log(publisher)
    assert [read.article_id for read in found.reads] == ["before", "just in time"]
    assert found.received_ms.tolist() == [ms(T - MS), ms(T)]
    assert [article.article_id for article in found.articles] == ["before", "just in time"]


def test_reads_come_in_the_order_of_their_arrival(publisher: Publisher) -> None:
    publisher.opens(1, "slow", T - 5 * HOUR, received_at=T - HOUR)
    publisher.opens(1, "fast", T - 4 * HOUR, received_at=T - 3 * HOUR)
    assert [read.article_id for read in log(publisher).reads] == ["fast", "slow"]


def test_an_article_is_known_when_told_of_or_else_at_its_first_event(publisher: Publisher) -> None:
    publisher.publishes("told", T - 3 * DAY)
    publisher.publishes("told", T - DAY, title="corrected", withdrawn_at=T - HOUR)
    publisher.publishes("at", T)
    publisher.publishes("told too late", T + MS)
    publisher.publishes("read first", T - DAY, title="at last")
    publisher.opens(1, "read first", T - 2 * DAY, article_title="by its event", category="local")
    publisher.opens(1, "told", T - 2 * DAY)
    publisher.opens(2, "never told", T - HOUR)
    publisher.opens(2, "told too late", T)
    found = log(publisher)
    known = [(article.article_id, article.title) for article in found.articles]
    assert known == [
        ("told", "sport told"),
        ("read first", "by its event"),
        ("read first", "at last"),
        ("told", "corrected"),
        ("never told", ""),
        ("at", "sport at"),
    ]
    assert found.known_ms.tolist() == [ms(T - back) for back in (3 * DAY, 2 * DAY, DAY, DAY, HOUR, 0 * DAY)]
    assert found.articles[3].withdrawn_ms == ms(T - HOUR)
    assert found.articles[1].category == "local"


def test_who_does_not_agree_is_nobody(publisher: Publisher) -> None:
    publisher.opens(1, "a", T - 9 * HOUR)
    publisher.opens(2, "a", T - 8 * HOUR, consent=1)
    publisher.opens(2, "b", T - 7 * HOUR, consent=1)
    publisher.opens(3, "a", T - 6 * HOUR, consent=None)
    found = log(publisher)
    key = [read.reader for read in found.reads]
    assert key[0] == 1
    assert all(one >= int(NOBODY) for one in key[1:])
    assert len(set(key)) == 4, "two reads of somebody who is not recognised are of two people"
    assert found.asks.tolist() == [False, False, False, False], "what a read itself states is known after it"
    assert found.person.tolist() == [1, 2, 2, 3]
    default = frozenset({"analytics", "personalisation"})
    assert log(Publisher(publisher.warehouse), default_consent=default).reads[3].reader == 3


def test_consent_counts_from_when_it_was_received_and_until_it_is_withdrawn(publisher: Publisher) -> None:
    publisher.opens(1, "a", T - 9 * HOUR, consent=1)
    publisher.opens(1, "b", T - 8 * HOUR, consent=3)
    publisher.opens(1, "c", T - 7 * HOUR, consent=None)
    publisher.opens(2, "a", T - 6 * HOUR)
    publisher.opens(2, "b", T - 5 * HOUR, consent=1)
    publisher.opens(4, "a", T - 4 * HOUR, received_at=T - HOUR)
    publisher.opens(4, "b", T - 3 * HOUR, consent=None)
    found = log(publisher)
    by = {
        (person, read.article_id): at for at, (person, read) in enumerate(zip(found.person, found.reads, strict=True))
    }
    own = [found.reads[by[1, name]].reader == 1 for name in "abc"]
    assert own == [False, True, True]
    assert [bool(found.asks[by[1, name]]) for name in "abc"] == [False, False, True]
    assert not any(found.reads[by[2, name]].reader == 2 for name in "ab"), (
        "withdrawn by now: not even what was read before"
    )
    assert not found.asks[by[4, "b"]], "agreed before, but not known to have"
    assert found.reads[by[4, "b"]].reader != 4
    assert found.reads[by[4, "a"]].reader == 4


def test_known_is_who_was_registered_by_then(publisher: Publisher) -> None:
    publisher.opens(1, "a", T - 3 * HOUR)
    publisher.opens(1, "b", T - 2 * HOUR, subscription_tier="free")
    publisher.opens(1, "c", T - HOUR)
    assert [read.known for read in log(publisher).reads] == [False, True, True]


def test_a_brand_alone(publisher: Publisher) -> None:
    publisher.opens(1, "a", T - 3 * HOUR, brand="b")
    publisher.opens(1, "x", T - 2 * HOUR, brand="other")
    publisher.publishes("y", T - DAY, brand="other")
    publisher.publishes("z", T - DAY, brand="")
    found = log(publisher, brand="b")
    assert [read.article_id for read in found.reads] == ["a"]
    assert [article.article_id for article in found.articles] == ["z", "a"]


def test_a_log_without_reads_says_so(publisher: Publisher) -> None:
    publisher.publishes("a", T - DAY)
    with pytest.raises(NotEnoughData, match="`article_view` with an `article_id`"):
        log(publisher)


def test_what_was_shown_comes_as_it_arrived_and_nothing_of_the_moment_itself(publisher: Publisher) -> None:
    def shows(reader: int, article: str, at: datetime, **columns: object) -> None:
        publisher.opens(reader, article, at, event_type="article_impression", **columns)

    publisher.opens(1, "a", T - DAY)
    shows(1, "before", T - MS, position=3, session_id="s1")
    shows(1, "at", T)
    shows(1, "late", T - DAY, received_at=T + MS)
    shows(1, "just in time", T - 2 * DAY, received_at=T, session_id="s1")
    shows(1, "loaded after", T - DAY, loaded_at=LOADED + MS)
    shows(1, "other", T - HOUR, brand="other")
    shows(2, "nobody", T - 3 * HOUR, consent=1)
    found = log(publisher)
    assert found.shown.article_id.tolist() == ["nobody", "other", "before", "just in time"]
    assert found.shown_received_ms.tolist() == [ms(T - 3 * HOUR), ms(T - HOUR), ms(T - MS), ms(T)]
    assert found.shown.at_ms.tolist()[2:] == [ms(T - MS), ms(T - 2 * DAY)]
    assert found.shown.position.tolist() == [0, 0, 3, 0]
    assert found.shown.visit[2] == found.shown.visit[3] > 2 == found.shown.visit[0]
    assert [read.article_id for read in found.reads] == ["a"], "what was shown was not opened"
    assert "other" not in log(Publisher(publisher.warehouse), brand="b").shown.article_id.tolist()


def test_a_read_and_what_was_shown_in_its_visit_have_one_number(publisher: Publisher) -> None:
    publisher.opens(1, "a", T - DAY, session_id="s1")
    publisher.opens(1, "b", T - DAY, session_id="s2", event_type="article_impression")
    publisher.opens(1, "a", T - DAY - MS, session_id="s1", event_type="article_impression")
    found = log(publisher)
    assert found.shown.visit.tolist().index(found.visit[0]) == 0
    assert len(set(found.shown.visit.tolist())) == 2
