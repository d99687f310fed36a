"""A reader leaves the state and the published tables, down to the bytes of their files."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from readership.features import forgetting
from readership.features.ad_ledger import AdLedger, Sale
from readership.features.exposed import Exposed
from readership.features.forgetting import forget
from readership.features.lmdb_file import LmdbFile
from readership.features.memory import memory_version, read_memory, write_memory
from readership.features.online import OnlineFeatures, OnlineWriter, ReasonsWriter
from readership.features.state import ANALYTICS, PERSONALISATION, Doing, open_state
from readership.features.state_lmdb import TABLES, forget_here
from readership.features.versions import names
from readership.models.recommendation.forgetting import MEMORY_FILE, without
from readership.models.recommendation.nouns import Article, Read
from readership.models.recommendation.recommender import Recommender
from readership.settings import Online

AS_OF = datetime(2026, 10, 1, 6, tzinfo=UTC)
NOW = 1_790_000_000_000
ANNA, BEN = 7_305_799_229_873_212_385, 4_485_090_715_960_753_726


@pytest.fixture(autouse=True)
def nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker has to take up a version."""
    monkeypatch.setattr(forgetting, "TAKEN_UP_SECONDS", 0)


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def doing(n: int, reader: int, article: str) -> Doing:
    return Doing(b"event%011d" % n, NOW + n, reader, article_id=article, session_id=f"s{reader}")


def agreed(_: int) -> int:
    return ANALYTICS | PERSONALISATION


def test_the_state_keeps_nothing_of_a_reader_and_the_rest_as_it_was(online: Online, tmp_path: Path) -> None:
    state = open_state(online, tmp_path / "state")
    for n in range(300):
        state.take([doing(n, (ANNA, BEN)[n % 2], f"a{n}")], agreed, NOW)
    state.forget(ANNA)
    assert state.reader(ANNA).reads == ()
    assert len(state.reader(BEN).reads) == 150
    feed, _ = state.reads_after((0, 0), 1000)
    assert [read.article_id for read in feed] == [f"a{n}" for n in range(1, 300, 2)]
    state.take([doing(0, ANNA, "a0")], agreed, NOW)  # what was seen of them is forgotten as well
    assert state.reader(ANNA).reads == (("a0", NOW),)
    state.close()


def publish(online: Online, readers: list[int]) -> None:
    keys = np.array(readers, dtype=np.uint64)
    with OnlineWriter(online, ("n",), ("w",), as_of=AS_OF) as writer:
        writer.put(keys, np.arange(len(readers), dtype=np.float32)[:, None], [("x",)] * len(readers))
    with ReasonsWriter(online, "churn", model_version="v1", as_of=AS_OF) as writer:
        writer.put(keys, [(f"because {reader}",) for reader in readers])


def test_published_tables_lose_the_reader_and_nothing_else(online: Online) -> None:
    publish(online, [ANNA, BEN])
    publish(online, [ANNA, BEN])  # the version before holds them too
    was = OnlineFeatures.open(online).meta
    assert forget(online, frozenset([ANNA]), MEMORY_FILE, lambda _: None) == 2
    store = OnlineFeatures.open(online)
    assert store.get(ANNA) is None
    assert store.get_reasons("churn", ANNA) is None
    row = store.get(BEN)
    assert row is not None
    assert (row.numbers.tolist(), row.words) == ([1.0], ("x",))
    assert store.get_reasons("churn", BEN) is not None
    assert (store.meta.as_of, store.meta.created_at, store.meta.rows) == (was.as_of, was.created_at, 1)
    assert [len(names(online / table)) for table in ("features",)] == [1]
    if isinstance(online, Path):
        assert BEN.to_bytes(8, "big") in bytes_of(online)
        assert ANNA.to_bytes(8, "big") not in bytes_of(online)
    assert forget(online, frozenset([ANNA]), MEMORY_FILE, lambda _: None) == 0


@pytest.fixture
def recommender() -> Recommender:
    made = Recommender()
    for name in ("a", "b", "c"):
        made.put(Article(name, published_ms=0))
    made.learn([Read(1, ANNA, "a"), Read(2, BEN, "a"), Read(3, BEN, "b"), Read(4, ANNA, "c")])
    return made


def test_the_memory_forgets_a_reader_and_keeps_what_many_did(online: Online, recommender: Recommender) -> None:
    write_memory(online, recommender.files(), as_of=AS_OF, learnt_until=AS_OF, model_version="v1")
    _, files = read_memory(online, memory_version(online) or "")
    assert without(files[MEMORY_FILE], {5}) is None
    assert forget(online, frozenset([ANNA]), MEMORY_FILE, lambda content: without(content, {ANNA})) == 1
    meta, left = read_memory(online, memory_version(online) or "")
    found = Recommender.read(left)
    assert meta.model_version == "v1"
    assert found.memory.of(ANNA).place.tolist() == []
    assert found.memory.of(BEN).place.tolist() == recommender.memory.of(BEN).place.tolist() == [0, 1]
    assert found.memory.reads.tolist() == recommender.memory.reads.tolist() == [2, 1, 1]
    assert found.memory.first_reader.tolist() == [-1, 0, -1]
    if isinstance(online, Path):
        assert ANNA.to_bytes(8, "little") not in bytes_of(online)


def test_caps_decisions_and_variants_of_a_reader_go(tmp_path: Path) -> None:
    file = LmdbFile(tmp_path, TABLES)
    ads, variants = AdLedger(file), Exposed(file)
    for n, reader in enumerate((ANNA, BEN)):
        sale = Sale(f"d{n}", NOW, "top", "cell", "ad", "campaign", 1.0, 1, 1, capped=reader, reader_id=str(reader))
        ads.decide(reader, NOW, lambda _, sale=sale: sale)
        variants.keep("e", str(reader), "b")
    forget_here(file, ANNA)
    assert [variants.given("e", str(reader)) for reader in (ANNA, BEN)] == [None, "b"]
    seen: list[dict[str, int]] = []
    for reader in (ANNA, BEN):
        ads.decide(reader, NOW, lambda caps: seen.append(dict(caps)))
    assert seen == [{}, {"ad": 1}]
    assert [getattr(ads.find(name), "capped", 0) for name in ("d0", "d1")] == [None, BEN]
    assert [getattr(ads.find(name), "reader_id", 0) for name in ("d0", "d1")] == ["", str(BEN)]
    file.close()
