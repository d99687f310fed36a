"""The online store: what is written is read, swaps are seen, failures leave the version in use."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from readership.errors import StoreError
from readership.features import online as module
from readership.features import versions_lmdb, versions_redis
from readership.features.online import OnlineFeatures, OnlineWriter, ReasonsWriter, published
from readership.features.redis_link import RedisLink
from readership.features.state import open_state
from readership.features.versions import clear
from readership.settings import Online, RedisPlace

NOW = datetime(2026, 4, 1, 12, 0, 0, 123000, tzinfo=UTC)
NUMBERS, WORDS = ("sessions_7d", "tenure_days"), ("tier", "country")
READERS = np.array([7, 2**64 - 1, 0], dtype=np.uint64)


def publish(online: Online, value: float, as_of: datetime = NOW) -> str:
    with OnlineWriter(online, NUMBERS, WORDS, as_of=as_of, sql_hashes={"activity": "abc"}) as writer:
        writer.put(
            READERS,
            np.array([[value, 1], [value, np.nan], [value, 3]], dtype=np.float32),
            [("free", "DE"), (None, "AT"), ("Ünïcode", None)],
        )
    version = published(online)
    assert version
    return version


def test_a_reader_comes_back_as_written(online: Online) -> None:
    publish(online, 2.5)
    store = OnlineFeatures.open(online)
    row = store.get(2**64 - 1)
    assert row is not None
    assert row.as_of == NOW
    np.testing.assert_array_equal(row.numbers, np.float32([2.5, np.nan]))
    assert row.words == (None, "AT")
    assert store.get(8) is None
    assert (store.meta.numbers, store.meta.words, store.meta.rows) == (NUMBERS, WORDS, 3)
    assert store.meta.sql_hashes == {"activity": "abc"}
    assert store.meta.as_of == NOW


def test_a_new_version_is_taken_up_within_the_look_interval(online: Online, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    publish(online, 1)
    store = OnlineFeatures.open(online)
    second = publish(online, 2)
    assert not store.refresh(), "looks at most once a second"
    clock[0] += 1.1
    assert store.refresh()
    assert store.version == second
    row = store.get(7)
    assert row is not None
    assert row.numbers[0] == 2
    clock[0] += 1.1
    assert not store.refresh()


def versions_of(online: Online) -> list[str]:
    """Names of the versions that are there, finished or not."""
    if isinstance(online, Path):
        return sorted(folder.name for folder in (online / "features").iterdir() if folder.is_dir())
    link, prefix = RedisLink.of(online), f"{online.prefix}:features:"
    keys = link.ask(lambda client: [key.decode() for key in client.scan_iter(match=f"{prefix}*")])
    return sorted(key.removeprefix(prefix) for key in keys if not key.endswith(("CURRENT", "VERSIONS")))


def test_versions_older_than_two_are_deleted(online: Online) -> None:
    versions = [publish(online, value) for value in (1, 2, 3)]
    assert versions_of(online) == sorted(versions[1:])


def test_who_reads_a_version_that_was_deleted_goes_on_or_is_told(online: Online) -> None:
    publish(online, 1)
    store = OnlineFeatures.open(online)
    publish(online, 2)
    row = store.get(0)
    assert row is not None
    assert row.numbers[0] == 1
    publish(online, 3)
    if isinstance(online, Path):
        assert store.get(0) is not None
    else:
        with pytest.raises(StoreError, match=r"version .* is no longer in the online store"):
            store.get(0)


def test_a_failure_while_writing_leaves_the_version_in_use(online: Online) -> None:
    first = publish(online, 1)
    writer = OnlineWriter(online, NUMBERS, WORDS, as_of=NOW)
    writer.put(READERS[:1], np.zeros((1, 2), dtype=np.float32), [("free", "DE")])
    with pytest.raises(RuntimeError), writer:
        raise RuntimeError
    assert published(online) == first
    assert versions_of(online) == [first]


def test_a_version_of_which_something_was_lost_is_never_in_use(redis_place: RedisPlace) -> None:
    first = publish(redis_place, 1)
    writer = OnlineWriter(redis_place, NUMBERS, WORDS, as_of=NOW)
    writer.put(READERS, np.zeros((3, 2), dtype=np.float32), [("free", "DE")] * 3)
    (draft,) = set(versions_of(redis_place)) - {first}
    RedisLink.of(redis_place).ask(lambda client: client.delete(f"{redis_place.prefix}:features:{draft}"))
    with pytest.raises(StoreError, match=r"must not evict keys.*; the version in use was not touched"), writer:
        pass
    assert published(redis_place) == first
    assert versions_of(redis_place) == [first]


def test_a_draft_of_a_writer_that_died_is_forgotten_by_itself(redis_place: RedisPlace) -> None:
    writer = OnlineWriter(redis_place, NUMBERS, WORDS, as_of=NOW)
    writer.put(READERS, np.zeros((3, 2), dtype=np.float32), [("free", "DE")] * 3)
    (draft,) = versions_of(redis_place)
    left = RedisLink.of(redis_place).ask(lambda client: client.ttl(f"{redis_place.prefix}:features:{draft}"))
    assert 0 < left <= versions_redis.DRAFT_SECONDS
    assert published(redis_place) is None


def test_a_broken_version_is_not_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = publish(tmp_path, 1)
    store = OnlineFeatures.open(tmp_path)
    (tmp_path / "features" / "broken").mkdir()
    (tmp_path / "features" / "broken" / "data.mdb").write_bytes(b"not a store")
    (tmp_path / "features" / "CURRENT").write_text("broken")
    monkeypatch.setattr(module, "LOOK_SECONDS", 0)
    assert not store.refresh()
    assert store.version == first
    assert store.get(7) is not None
    with pytest.raises(StoreError, match=r"broken cannot be read: .*; run `readership features build`"):
        OnlineFeatures.open(tmp_path)


def test_an_absent_store_says_what_to_run(online: Online) -> None:
    with pytest.raises(StoreError, match=r"no online features in .*; run `readership features build`"):
        OnlineFeatures.open(online)


def test_reasons_lie_beside_the_features(online: Online, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(online, 1)
    store = OnlineFeatures.open(online)
    assert store.get_reasons("churn", 7) is None
    with ReasonsWriter(online, "churn", model_version="v1", as_of=NOW) as writer:
        writer.put(READERS[:1], [("few sessions in the last 7 days", "no newsletter")])
    monkeypatch.setattr(module, "LOOK_SECONDS", 0)
    assert store.refresh()
    reasons = store.get_reasons("churn", 7)
    assert reasons is not None
    assert (reasons.model_version, reasons.as_of) == ("v1", NOW)
    assert reasons.reasons == ("few sessions in the last 7 days", "no newsletter")
    assert store.get_reasons("churn", 0) is None
    assert store.get_reasons("conversion", 7) is None


def test_the_store_grows_with_what_is_written(online: Online, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions_lmdb, "_FIRST_MAP_BYTES", 2**16)
    readers = np.arange(20_000, dtype=np.uint64)
    with OnlineWriter(online, NUMBERS, WORDS, as_of=NOW) as writer:
        for block in np.array_split(readers[::-1], 3):
            writer.put(block, np.repeat(block[:, None], 2, axis=1).astype(np.float32), [("free", "DE")] * len(block))
    store = OnlineFeatures.open(online)
    assert store.meta.rows == 20_000
    for reader in (0, 9_999, 19_999):
        row = store.get(reader)
        assert row is not None
        assert row.numbers[1] == reader


def test_two_stores_in_one_process_share_a_version(online: Online) -> None:
    publish(online, 1)
    both = (OnlineFeatures.open(online), OnlineFeatures.open(online))
    for store in both:
        row = store.get(7)
        assert row is not None
        assert row.words == ("free", "DE")


def test_the_tables_are_cleared_and_the_state_is_left(online: Online, tmp_path: Path) -> None:
    folder = tmp_path / "online" / "state"
    publish(online, 1)
    open_state(online, folder).put_article("a", b"1", now_ms=1)
    clear(online, folder)
    assert published(online) is None
    assert open_state(online, folder).article("a") == b"1"


def test_shapes_that_do_not_fit_are_refused(online: Online) -> None:
    with pytest.raises(ValueError, match="numbers are"), OnlineWriter(online, NUMBERS, WORDS, as_of=NOW) as writer:
        writer.put(READERS, np.zeros((3, 1), dtype=np.float32), [("a", "b")] * 3)
    assert published(online) is None


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from datetime import UTC, datetime
from readership.errors import StoreError
from readership.features.online import OnlineWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    with OnlineWriter(Path(sys.argv[1]), ["a"], [], as_of=datetime.now(UTC)) as writer:
        writer.put(np.arange(100_000, dtype=np.uint64), np.zeros((100_000, 1), np.float32), [()] * 100_000)
except StoreError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are a Unix means of filling a disk")
def test_a_full_disk_says_so_and_touches_nothing(tmp_path: Path) -> None:
    first = publish(tmp_path, 1)
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "cannot be written" in done.stdout
    assert "the version in use was not touched" in done.stdout
    assert published(tmp_path) == first
    assert [folder.name for folder in (tmp_path / "features").iterdir() if folder.is_dir()] == [first]


def test_opening_the_store_needs_neither_polars_nor_a_warehouse() -> None:
    script = "import sys, readership.features.online, readership.features.encoding; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"polars", "pandas", "chdb", "clickhouse_connect", "pandera"} & set(loaded)
