"""The state: what events say, kept once, shared by processes, for those who agreed."""

import subprocess
import sys
from pathlib import Path

import pytest

from readership.errors import StoreError
from readership.features.state import KEPT_DAYS, KEPT_READS, NOBODY, START, Doing, Seen, Shown, State, open_state
from readership.features.state_lmdb import LmdbState
from readership.settings import Online, Settings

ALL, COUNTED_ONLY = 15, 1
DAY_MS = 86_400_000


def doing(n: int, article: str = "a", at_ms: int = 1000, **more: object) -> Doing:
    return Doing(n.to_bytes(16, "big"), at_ms, 7, article_id=article, **more)  # type: ignore[arg-type]


@pytest.fixture
def state(online: Online, tmp_path: Path) -> State:
    return open_state(online, tmp_path / "state")


def agrees(_: int) -> int:
    return ALL


def counts(_: int) -> int:
    return COUNTED_ONLY


def test_a_read_is_its_readers_own_and_in_the_feed(state: State) -> None:
    state.take([doing(1, "a", 1000), doing(2, "b", 900)], agrees, now_ms=5000)
    assert state.reader(7).reads == (("b", 900), ("a", 1000))
    reads, place = state.reads_after(START, 10)
    assert [(read.article_id, read.at_ms, read.arrived_ms) for read in reads] == [("a", 1000, 5000), ("b", 900, 5000)]
    assert state.reads_after(place, 10) == ([], place)
    assert state.reader(8).reads == ()


def test_a_repeat_changes_nothing(state: State) -> None:
    state.take([doing(1), doing(1)], agrees, 5000)
    state.take([doing(1)], agrees, 6000)
    assert len(state.reads_after(START, 10)[0]) == 1


def test_a_click_is_the_readers_own_but_does_not_count(state: State) -> None:
    state.take([doing(1, counted=False)], agrees, 5000)
    assert state.reader(7).reads == (("a", 1000),)
    assert state.reads_after(START, 10)[0] == []


def test_without_personalisation_a_read_counts_and_is_nobodys(state: State) -> None:
    state.take([doing(1)], counts, 5000)
    assert state.reader(7).reads == ()
    (read,) = state.reads_after(START, 10)[0]
    assert (read.article_id, read.reader, read.known) == ("a", NOBODY, False)  # its first bytes are zeros


def test_without_analytics_a_read_does_not_even_count(state: State) -> None:
    state.take([doing(1)], lambda _: 0, 5000)
    state.take([doing(2, consent=0)], agrees, 5000)
    assert state.reads_after(START, 10)[0] == []


def test_the_latest_consent_holds_and_its_withdrawal_forgets(state: State) -> None:
    state.take([doing(1, "a", 1000, consent=3)], counts, 5000)
    state.take([doing(2, "b", 2000)], counts, 5000)  # says nothing: what was said holds
    assert [article for article, _ in state.reader(7).reads] == ["a", "b"]
    state.take([doing(3, "", 3000, consent=1)], counts, 5000)
    assert (state.reader(7).consent, state.reader(7).reads) == (1, ())
    state.take([doing(4, "c", 2500, consent=3)], counts, 5000)  # said before the withdrawal, received after it
    assert (state.reader(7).consent, state.reader(7).reads) == (1, ())


def test_the_newest_reads_are_kept(state: State) -> None:
    state.take([doing(n, f"a{n}", n) for n in range(KEPT_READS + 5)], agrees, 5000)
    reads = state.reader(7).reads
    assert len(reads) == KEPT_READS
    assert reads[0] == ("a5", 5)


def test_the_feed_goes_on_where_it_was_left_though_events_are_late(state: State) -> None:
    state.take([doing(1, "a", 9000)], agrees, 10_000)
    _, place = state.reads_after(START, 10)
    state.take([doing(2, "late", 10)], agrees, 9_500)  # the clock was set back as well
    assert [read.article_id for read in state.reads_after(place, 10)[0]] == ["late"]
    state.take([doing(n, f"x{n}") for n in range(3, 8)], agrees, 11_000)
    first, middle = state.reads_after(place, 2)
    rest, _ = state.reads_after(middle, 10)
    assert [read.article_id for read in first + rest] == ["late", "x3", "x4", "x5", "x6", "x7"]


def test_what_is_old_is_left_to_the_warehouse(state: State) -> None:
    state.take([doing(1, "old")], agrees, 1000)
    state._pruned = -1e9  # type: ignore[attr-defined]
    state.take([doing(2, "new")], agrees, 1001 + KEPT_DAYS * DAY_MS)
    assert [read.article_id for read in state.reads_after(START, 10)[0]] == ["new"]
    state.take([doing(1, "old")], agrees, 1002 + KEPT_DAYS * DAY_MS)  # no longer known as a repeat
    assert [read.article_id for read in state.reads_after(START, 10)[0]] == ["new", "old"]


def test_changes_of_articles_are_numbered_and_the_newest_holds(state: State) -> None:
    assert [state.put_article(*put, now_ms=1) for put in (("a", b"1"), ("b", b"2"), ("a", b"3"))] == [1, 2, 3]
    assert [tuple(change) for change in state.articles_after(0, 10)] == [(2, b"2", 1), (3, b"3", 1)]
    assert state.articles_after(3, 10) == []
    assert (state.article("a"), state.article("zzz")) == (b"3", None)
    assert state.put_article("a", b"4", now_ms=1) == 4  # also where the newest entry is the one that is replaced
    state.put_article("long" * 300, b"5", now_ms=1)
    assert state.article("long" * 300) == b"5"


def test_it_grows(tmp_path: Path) -> None:
    state = LmdbState(tmp_path / "small", first_bytes=64 * 1024)
    state.put_article("big", b"x" * 1_000_000, now_ms=1)
    state.take([doing(n, f"a{n}") for n in range(2000)], counts, 5000)
    assert len(state.article("big") or b"") == 1_000_000
    assert len(state.reads_after(START, 5000)[0]) == 2000


WRITER = """
import sys
from readership.features.state import Doing, open_state
from readership.features.state_lmdb import LmdbState
from readership.settings import Settings
settings, first = Settings(online_store=sys.argv[1]), int(sys.argv[2])
small = sys.argv[1].startswith("lmdb:")
state = LmdbState(settings.state_dir, first_bytes=65536) if small else open_state(settings.online, settings.state_dir)
for n in range(first, first + 300):
    state.take([Doing(n.to_bytes(16, "big"), n, n % 5, article_id=f"a{n}")], lambda _: 3, 10_000)
    state.put_article(f"p{n}", b"y" * 500, 1)
"""


def test_processes_write_at_once_and_see_each_other(online: Online) -> None:
    own = f"lmdb://{online}" if isinstance(online, Path) else f"{online.address}?prefix={online.prefix}"
    settings = Settings(online_store=own)
    folder = settings.state_dir
    here = LmdbState(folder, first_bytes=65536) if isinstance(online, Path) else open_state(online, folder)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, own, str(first)], stderr=subprocess.PIPE) for first in (0, 1000)
    ]
    for writer in writers:
        assert writer.communicate(timeout=60)[1] == b""
        assert writer.returncode == 0
    reads, _ = here.reads_after(START, 10_000)
    assert sorted(read.at_ms for read in reads) == [*range(300), *range(1000, 1300)]
    assert [change.sequence for change in here.articles_after(0, 1000)] == list(range(1, 601))
    assert len(here.reader(0).reads) == 120


def test_a_store_that_is_none_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "data.mdb").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match=r"cannot be opened: .*; free some space, or stop `readership serve`, move"):
        LmdbState(tmp_path)


def seen(n: int, article: str = "a", reader: int = 7) -> Seen:
    return Seen(n.to_bytes(16, "big"), 1000 + n, reader, article, n)


def test_what_was_shown_is_kept_batch_by_batch_once(state: State) -> None:
    state.take_shown([seen(1, "a"), seen(2, "b", reader=8)], agrees, 5000)
    state.take_shown([seen(1, "a"), seen(2, "b", reader=8)], agrees, 6000)  # sent again
    state.take_shown([seen(3, "c")], agrees, 5500)
    batches, place = state.shown_after(START, 10)
    assert batches == [
        Shown([1001, 1002], ["a", "b"], [1, 2], 5000),
        Shown([1003], ["c"], [3], 5500),
    ]
    assert state.shown_after(place, 10) == ([], place)
    assert state.reads_after(START, 10)[0] == []


def test_what_was_shown_counts_of_those_who_agreed_to_that_alone(state: State) -> None:
    state.take([doing(1, "", consent=2)], counts, 5000)  # reader 7 alone
    state.take_shown([seen(1), seen(2, reader=8)], counts, 5000)
    state.take_shown([seen(3, reader=9)], lambda _: 0, 5000)
    (batch,), _ = state.shown_after(START, 10)
    assert batch.position == [2]


def test_what_was_shown_a_day_ago_has_faded(state: State) -> None:
    state.take_shown([seen(1)], agrees, 1000)
    state._pruned = -1e9  # type: ignore[attr-defined]
    state.take([doing(2)], agrees, 1001 + DAY_MS)
    assert state.shown_after(START, 10)[0] == []
