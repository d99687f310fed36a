"""What is decided and heard of ads: once, in any order, by any process, and as the ledger of the bandits counts it."""

import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from readership.features.ad_ledger import DAY_MS, KEEP_MS, WAIT_MS, AdLedger, Counted, Sale
from readership.features.lmdb_file import LmdbFile
from readership.features.state import START
from readership.features.state_lmdb import TABLES
from readership.models.ads.question import WINDOW_MINUTES
from readership.models.bandits.feedback import Decision, Ledger, Told

NOW = 20_000 * DAY_MS


@pytest.fixture
def ledger(tmp_path: Path) -> AdLedger:
    return AdLedger(LmdbFile(tmp_path / "state", TABLES))


def sale(name: str = "d1", at_ms: int = NOW, *, ad: str = "a", capped: int | None = None, learned: bool = True) -> Sale:
    return Sale(name, at_ms, "top", "top/sport", ad, "c", 0.5, 400_000, 2_000, capped, learned=learned)


def decide(ledger: AdLedger, made: Sale) -> None:
    assert ledger.decide(made.capped, made.at_ms, lambda _: made) == made


def test_an_impression_counts_once_it_is_settled_and_money_at_once(ledger: AdLedger) -> None:
    decide(ledger, sale())
    assert ledger.find("d1") == sale()
    assert ledger.hear("d1", "impression", 2_000, NOW + 1) == "counted"
    assert ledger.hear("d1", "impression", 2_000, NOW + 2) == "duplicate"
    assert ledger.hear("d1", "click", 400_000, NOW + 3) == "counted"
    money = [
        Counted(NOW, "top/sport", "a", "c", delivered=1, micro=2_000),
        Counted(NOW, "top/sport", "a", "c", micro=400_000),
    ]
    entries, place = ledger.feed_after()
    assert entries == money
    assert ledger.settle(NOW + WAIT_MS - 1) == 0
    assert ledger.settle(NOW + WAIT_MS) == 1
    assert ledger.settle(NOW + WAIT_MS) == 0
    assert ledger.feed_after(place)[0] == [Counted(NOW, "top/sport", "a", "c", shown=1, clicked=1)]


def test_a_click_brings_its_impression_along_and_may_be_late(ledger: AdLedger) -> None:
    decide(ledger, sale())
    ledger.settle(NOW + WAIT_MS)  # nobody saw it
    assert ledger.feed_after()[0] == []
    assert ledger.hear("d1", "click", 0, NOW + WAIT_MS + 1) == "counted"
    assert ledger.hear("d1", "impression", 0, NOW + WAIT_MS + 2) == "counted"
    assert ledger.feed_after()[0] == [Counted(NOW, "top/sport", "a", "c", shown=1, clicked=1, delivered=1)]


def test_what_nobody_decided_or_long_ago_is_unknown(ledger: AdLedger) -> None:
    assert ledger.hear("d1", "click", 5, NOW) == "unknown"
    decide(ledger, sale())
    ledger.settle(NOW + WAIT_MS)
    ledger.settle(NOW + KEEP_MS - 1)
    assert ledger.find("d1") is not None
    ledger.settle(NOW + KEEP_MS)
    assert ledger.find("d1") is None
    assert ledger.hear("d1", "click", 5, NOW) == "unknown"
    assert ledger.feed_after()[0] == []


def test_what_may_not_be_learnt_from_is_paid_all_the_same(ledger: AdLedger) -> None:
    decide(ledger, sale(learned=False))
    ledger.hear("d1", "impression", 7, NOW)
    ledger.settle(NOW + WAIT_MS)
    ledger.hear("d1", "click", 9, NOW + WAIT_MS)
    ledger.hear("d1", "revenue", 11, NOW + WAIT_MS)
    entries = ledger.feed_after()[0]
    assert [(e.shown, e.clicked, e.delivered, e.micro) for e in entries] == [(0, 0, 1, 7), (0, 0, 0, 9), (0, 0, 0, 11)]


def test_a_reader_s_cap_counts_decisions_until_they_prove_unseen(ledger: AdLedger) -> None:
    told: list[dict[str, int]] = []

    def at(moment: int, name: str) -> None:
        def draw(seen: Mapping[str, int]) -> Sale:
            told.append(dict(seen))
            return sale(name, moment, capped=7)

        ledger.decide(7, moment, draw)

    at(NOW, "d1")
    at(NOW, "d2")
    ledger.hear("d1", "impression", 0, NOW)
    ledger.settle(NOW + WAIT_MS)  # d2 was seen by nobody
    at(NOW + WAIT_MS, "d3")
    ledger.hear("d2", "impression", 0, NOW + WAIT_MS)  # late, but seen
    at(NOW + WAIT_MS, "d4")
    at(NOW + DAY_MS, "d5")
    ledger.decide(8, NOW, lambda seen: told.append(dict(seen)))
    assert told == [{}, {"a": 1}, {"a": 1}, {"a": 3}, {}, {}]


def test_nothing_to_show_keeps_nothing(ledger: AdLedger) -> None:
    assert ledger.decide(7, NOW, lambda _: None) is None
    assert ledger.settle(NOW + KEEP_MS) == 0


def test_a_click_has_as_long_as_in_training() -> None:
    assert WAIT_MS == WINDOW_MINUTES * 60_000


def test_it_counts_as_the_ledger_of_the_bandits_does(ledger: AdLedger) -> None:
    rng, other = random.Random(0), Ledger(WAIT_MS, KEEP_MS)
    theirs: list[tuple[int, int]] = []
    now, names = NOW, []
    for step in range(2_000):
        now += rng.randrange(0, WAIT_MS // 5)
        what = rng.choice(("decide", "impression", "click", "settle"))
        if what == "decide":
            names.append(f"d{step}")
            decide(ledger, sale(names[-1], now))
            other.decided(Decision(names[-1], "top/sport", "a", now, 0.5))
        elif what == "settle":
            ledger.settle(now)
            theirs += [(one.shown, one.clicked) for one in other.settle(now)]
        elif names:
            name = rng.choice(names[-12:])
            heard = ledger.hear(name, "impression" if what == "impression" else "click", 0, now)
            told = other.seen(name) if what == "impression" else other.clicked(name)
            assert heard == Told(told).value
    ledger.settle(now)
    theirs += [(one.shown, one.clicked) for one in other.settle(now)]
    ours = [(one.shown, one.clicked) for one in ledger.feed_after(START, 10_000)[0] if one.shown or one.clicked]
    assert (sum(shown for shown, _ in ours), sum(clicked for _, clicked in ours)) == (
        sum(shown for shown, _ in theirs), sum(clicked for _, clicked in theirs),
    )  # fmt: skip
    assert sum(clicked for _, clicked in ours) > 100


WORKER = """
import sys
from pathlib import Path
from readership.features.ad_ledger import AdLedger, Sale
from readership.features.lmdb_file import LmdbFile
from readership.features.state_lmdb import TABLES
folder, me, now = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
ledger = AdLedger(LmdbFile(folder, TABLES, first_bytes=2**16))
for n in range(300):
    sale = Sale(f"{me}-{n}", now, "top", "top/sport", "a", "c", 0.5, 3, 2, capped=7)
    ledger.decide(7, now, lambda seen: sale if seen.get("a", 0) < 500 else None)
    ledger.hear(f"both-{n}", "click", 3, now)        # of decisions that both hear of
    ledger.hear(f"{me}-{n}", "impression", 2, now)
    if n % 50 == 0:
        ledger.settle(now)                           # of those as well
if me == "one":
    import os
    os.kill(os.getpid(), 9)                          # nothing it was told is lost with it
"""


def test_two_processes_lose_nothing_and_count_nothing_twice(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    ledger = AdLedger(LmdbFile(folder, TABLES, first_bytes=2**16))
    for n in range(300):
        decide(ledger, sale(f"both-{n}", NOW - WAIT_MS))
    workers = [subprocess.Popen([sys.executable, "-c", WORKER, str(folder), me, str(NOW)]) for me in ("one", "two")]
    assert [worker.wait(60) for worker in workers] == [-9, 0]
    while ledger.settle(NOW + WAIT_MS):
        pass
    entries = ledger.feed_after(START, 10_000)[0]
    assert sum(one.clicked for one in entries) == 300
    assert sum(one.shown for one in entries) == 300 + 500  # the cap was reached together
    assert sum(one.micro for one in entries) == 300 * 3 + 500 * 2
    assert sum(one.delivered for one in entries) == 800
