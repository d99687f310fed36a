"""A reader leaves the state and the published tables, down to the bytes of their files."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from readership.features.forgetting import forget
from readership.features.memory import memory_version, read_memory, write_memory
from readership.features.online import OnlineFeatures, OnlineWriter, ReasonsWriter
from readership.features.state import ANALYTICS, PERSONALISATION, Doing
from readership.features.state_lmdb import LmdbState
from readership.models.recommendation.forgetting import MEMORY_FILE, without
from readership.models.recommendation.nouns import Article, Read
from readership.models.recommendation.recommender import Recommender

AS_OF = datetime(2026, 10, 1, 6, tzinfo=UTC)
NOW = 1_790_000_000_000
ANNA, BEN = 7_305_799_229_873_212_385, 4_485_090_715_960_753_726


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def doing(n: int, reader: int, article: str) -> Doing:
    return Doing(b"event%011d" % n, NOW + n, reader, article_id=article, session_id=f"s{reader}")


def agreed(_: int) -> int:
    return ANALYTICS | PERSONALISATION


def test_the_state_keeps_nothing_of_a_reader_and_the_rest_as_it_was(tmp_path: Path) -> None:
    state = LmdbState(tmp_path)
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


def publish(folder: Path, readers: list[int]) -> None:
    keys = np.array(readers, dtype=np.uint64)
    with OnlineWriter(folder, ("n",), ("w",), as_of=AS_OF) as writer:
        writer.put(keys, np.arange(len(readers), dtype=np.float32)[:, None], [("x",)] * len(readers))
    with ReasonsWriter(folder, "churn", model_version="v1", as_of=AS_OF) as writer:
        writer.put(keys, [(f"because {reader}",) for reader in readers])


def test_published_tables_lose_the_reader_and_nothing_else(tmp_path: Path) -> None:
    publish(tmp_path, [ANNA, BEN])
    publish(tmp_path, [ANNA, BEN])  # the version before holds them too
    was = OnlineFeatures.open(tmp_path).meta
    assert forget(tmp_path, frozenset([ANNA]), MEMORY_FILE, lambda _: None) == 2
    store = OnlineFeatures.open(tmp_path)
    assert store.get(ANNA) is None
    assert store.get_reasons("churn", ANNA) is None
    row = store.get(BEN)
    assert row is not None
    assert (row.numbers.tolist(), row.words) == ([1.0], ("x",))
    assert (store.meta.as_of, store.meta.created_at, store.meta.rows) == (was.as_of, was.created_at, 1)
    held = bytes_of(tmp_path)
    assert BEN.to_bytes(8, "big") in held
    assert ANNA.to_bytes(8, "big") not in held
    assert forget(tmp_path, frozenset([ANNA]), MEMORY_FILE, lambda _: None) == 0


@pytest.fixture
def recommender() -> Recommender:
    made = Recommender()
    for name in ("a", "b", "c"):
        made.put(Article(name, published_ms=0))
    made.learn([Read(1, ANNA, "a"), Read(2, BEN, "a"), Read(3, BEN, "b"), Read(4, ANNA, "c")])
    return made


def test_the_memory_forgets_a_reader_and_keeps_what_many_did(tmp_path: Path, recommender: Recommender) -> None:
    write_memory(tmp_path, recommender.files(), as_of=AS_OF, learnt_until=AS_OF, model_version="v1")
    _, files = read_memory(tmp_path, memory_version(tmp_path) or "")
    assert without(files[MEMORY_FILE], {5}) is None
    assert forget(tmp_path, frozenset([ANNA]), MEMORY_FILE, lambda content: without(content, {ANNA})) == 1
    meta, left = read_memory(tmp_path, memory_version(tmp_path) or "")
    found = Recommender.read(left)
    assert meta.model_version == "v1"
    assert found.memory.of(ANNA).place.tolist() == []
    assert found.memory.of(BEN).place.tolist() == recommender.memory.of(BEN).place.tolist() == [0, 1]
    assert found.memory.reads.tolist() == recommender.memory.reads.tolist() == [2, 1, 1]
    assert found.memory.first_reader.tolist() == [-1, 0, -1]
    assert ANNA.to_bytes(8, "little") not in bytes_of(tmp_path)
