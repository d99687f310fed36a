"""`live.json` says which version answers; it changes whole, and only to bundles that exist."""

from pathlib import Path

import pytest

from readership.errors import BundleError
from readership.registry.live import Live, live_path, read_live, tasks_on_disk, write_live


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Two versions of churn."""
    for version in ("v1", "v2"):
        folder = tmp_path / "churn" / version
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text("{}")
    return tmp_path


def test_nothing_is_live_before_anything_was_promoted(tmp_path: Path) -> None:
    assert read_live(tmp_path, "churn") == Live(champion=None, challenger=None)


def test_written_and_read_again(models: Path) -> None:
    live = write_live(models, "churn", champion="v1", challenger="v2", by="ana", why="beat the floors")
    assert read_live(models, "churn") == live
    assert (live.champion, live.challenger, live.by, live.why) == ("v1", "v2", "ana", "beat the floors")
    assert live.at.endswith("+00:00")
    assert [path.name for path in (models / "churn").iterdir() if path.is_file()] == ["live.json"]


def test_a_version_that_is_no_bundle_changes_nothing(models: Path) -> None:
    before = write_live(models, "churn", champion="v1", challenger=None, by="ana", why="")
    with pytest.raises(BundleError, match=r"v3 is no bundle; live\.json stays as it was"):
        write_live(models, "churn", champion="v3", challenger=None, by="ana", why="")
    assert read_live(models, "churn") == before


def test_what_cannot_be_read_says_how_to_repair_it(models: Path) -> None:
    live_path(models, "churn").write_text("{half")
    with pytest.raises(BundleError, match="`readership models sync`"):
        read_live(models, "churn")


def test_tasks_on_disk(models: Path) -> None:
    assert tasks_on_disk(models) == ["churn"]
    assert tasks_on_disk(models / "nowhere") == []
