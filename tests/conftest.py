"""One embedded warehouse for the whole test process (one path a process); each test gets its own database."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from clickhouse_http_shim import served
from kafka_broker import Broker, running
from redis_server import MISSING, PROGRAM, RedisServer

from readership.settings import Online, RedisPlace, Settings
from readership.warehouse import Warehouse

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # some tests load ONNX Runtime by themselves


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


@pytest.fixture(scope="session")
def server_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A ClickHouse server's HTTP interface on a loopback port, in a process of its own."""
    with served(tmp_path_factory.mktemp("server") / "store") as dsn:
        yield dsn


@pytest.fixture(scope="session")
def server_root(server_dsn: str) -> Iterator[Warehouse]:
    """A connection to that server; use `server_warehouse` instead."""
    with Warehouse.open(Settings(warehouse=server_dsn)) as opened:
        yield opened


@pytest.fixture
def server_warehouse(server_root: Warehouse) -> Iterator[Warehouse]:
    """An empty, migrated warehouse behind HTTP."""
    with server_root.scratch() as scratch:
        yield scratch


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A Kafka broker, in a process of its own."""
    with running(tmp_path_factory.mktemp("broker")) as found:
        yield found


@pytest.fixture(params=["embedded", "server"])
def each_warehouse(request: pytest.FixtureRequest) -> Warehouse:
    """An empty, migrated warehouse on either engine."""
    name = {"embedded": "warehouse", "server": "server_warehouse"}[request.param]
    warehouse: Warehouse = request.getfixturevalue(name)
    return warehouse


@pytest.fixture
def settings(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings whose every relative path lies in this test's own folder."""
    monkeypatch.setenv("READERSHIP_HOME", str(tmp_path))
    return Settings()


_PREFIXES = count()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server for all tests of this process; each takes keys of its own. Skipped where none is installed."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_place(redis_server: RedisServer) -> RedisPlace:
    """Keys that no other test has."""
    return RedisPlace(redis_server.address, f"test{next(_PREFIXES)}")


@pytest.fixture(params=["lmdb", "redis"])
def online(request: pytest.FixtureRequest, tmp_path: Path) -> Online:
    """An empty online store of either kind."""
    if request.param == "lmdb":
        return tmp_path / "online"
    place: RedisPlace = request.getfixturevalue("redis_place")
    return place
