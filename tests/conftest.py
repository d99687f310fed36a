"""One embedded warehouse for the whole test process (one path a process); each test gets its own database."""

from collections.abc import Iterator

import pytest

from readership.settings import Settings
from readership.warehouse import Warehouse


@pytest.fixture(scope="session")
def warehouse_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """The process's embedded store; use `warehouse` instead."""
    settings = Settings(warehouse=f"chdb://{tmp_path_factory.mktemp('warehouse') / 'store'}")
    with Warehouse.open(settings) as opened:
        yield opened


@pytest.fixture
def warehouse(warehouse_root: Warehouse) -> Iterator[Warehouse]:
    """An empty, migrated warehouse."""
    with warehouse_root.scratch() as scratch:
        yield scratch


@pytest.fixture
def settings(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings whose every relative path lies in this test's own folder."""
    monkeypatch.setenv("READERSHIP_HOME", str(tmp_path))
    return Settings()
