"""The memory of a recommender in the online store: published as a whole, or not at all."""

from datetime import UTC, datetime

import pytest

from readership.errors import StoreError
from readership.features import memory as module
from readership.features.memory import memory_version, read_memory, write_memory
from readership.features.versions import new_version
from readership.settings import Online

NOW = datetime(2026, 10, 1, tzinfo=UTC)
EARLIER = datetime(2026, 9, 30, 23, tzinfo=UTC)


def test_what_was_published_is_read(online: Online, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PART_BYTES", 4)
    files = {"memory.npz": b"0123456789", "articles.jsonl": b"", "text.npz": b"abcd"}
    assert memory_version(online) is None
    version = write_memory(online, files, as_of=NOW, learnt_until=EARLIER, model_version="v1")
    assert memory_version(online) == version
    meta, found = read_memory(online, version)
    assert found == files
    assert (meta.as_of, meta.learnt_until, meta.model_version) == (NOW, EARLIER, "v1")


def test_a_version_without_memory_is_a_message(online: Online) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        read_memory(online, "none")
    version = new_version(online / module.MEMORY)
    version.finish(module.Meta(NOW, NOW), failed=False)
    with pytest.raises(StoreError, match="holds no memory; run `readership batch-score recommendation`"):
        read_memory(online, version.name)
