"""Whatever stops a load, running it again completes it: nothing lost, nothing twice, nothing half-written."""

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from random import Random
from typing import Any

import pytest
from written_events import event, late, write

from readership.errors import WarehouseError
from readership.events.mapping import load_mapping
from readership.pipelines.ingest import IngestSummary, ingest
from readership.pipelines.staging import Staging
from readership.settings import Settings
from readership.warehouse import Warehouse

FULL = "Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)"
STEPS = ["insert_readers", "insert_events", "insert_quarantine", "runs", "insert_sessions", "tombstones"]


def log(folder: Path) -> Path:
    rows: list[Any] = [event(n, 7 * n, user_id=f"r{n % 3}") for n in range(20)]
    rows += ["broken", event(99, 5, user_id="r1", received_at=late(900))]
    return write(folder / "a.jsonl", rows)


def load(warehouse: Warehouse, settings: Settings, file: Path) -> IngestSummary:
    return ingest(warehouse, [file], load_mapping("native"), settings=settings)


def contents(warehouse: Warehouse) -> list[Any]:
    return [
        warehouse.rows("SELECT toString(event_id) FROM events ORDER BY event_id"),
        warehouse.rows("SELECT row_id, replaces, tombstone, total_events FROM session_versions ORDER BY row_id"),
        warehouse.rows("SELECT external_id FROM readers FINAL ORDER BY external_id"),
        warehouse.rows("SELECT line, reason FROM quarantine ORDER BY line"),
    ]


def staging_left(warehouse: Warehouse) -> int:
    query = "SELECT count() FROM system.databases WHERE startsWith(name, 'readership_staging_')"
    return int(warehouse.scalar(query))


def stopped_at(monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException) -> None:
    run = Staging.run

    def stopping(self: Staging, name: str, **values: object) -> None:
        if name == step:
            raise error
        run(self, name, **values)

    monkeypatch.setattr(Staging, "run", stopping)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("error", [KeyboardInterrupt(), WarehouseError("the disk is full")], ids=["interrupt", "error"])
def test_a_load_stopped_anywhere_is_completed_by_the_next(
    warehouse: Warehouse, settings: Settings, tmp_path: Path, step: str, error: BaseException
) -> None:
    file = log(tmp_path)
    with warehouse.scratch():
        load(warehouse, settings, file)
        undisturbed = contents(warehouse)
    with pytest.MonkeyPatch.context() as monkeypatch:
        stopped_at(monkeypatch, step, error)
        with pytest.raises(type(error)):
            load(warehouse, settings, file)
    assert staging_left(warehouse) == 0
    load(warehouse, settings, file)
    assert contents(warehouse) == undisturbed


def test_a_full_disk_is_named_with_the_next_step(
    each_warehouse: Warehouse, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = log(tmp_path)
    command = type(each_warehouse.client).command

    def full(self: Any, cmd: str, *arguments: Any, **options: Any) -> Any:
        if "INSERT INTO events" in cmd:
            raise OSError(28, "No space left on device")
        return command(self, cmd, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(type(each_warehouse.client), "command", full)
        with pytest.raises(WarehouseError, match="the disk is full: free some space and run the same command again"):
            load(each_warehouse, settings, file)
    assert each_warehouse.scalar("SELECT count() FROM events") == 0
    assert load(each_warehouse, settings, file).events_loaded == 21


SMALL_DISK = """
from pathlib import Path
import subprocess, sys
from readership.errors import ReadershipError
from readership.events.mapping import load_mapping
from readership.pipelines.ingest import ingest
from readership.settings import Settings
from readership.warehouse import Warehouse
disk, file = sys.argv[1:]
settings = Settings(warehouse=f"chdb://{disk}/store")
def load():
    with Warehouse.open(settings) as warehouse:
        return ingest(warehouse, [Path(file)], load_mapping("native"), settings=settings)
try:
    load()
except ReadershipError as error:
    print(error)
subprocess.run(["mount", "-o", "remount,size=400m", disk], check=True)
done = load()
print(done.events_loaded + done.events_duplicate, done.readers)
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs `unshare` to make a small disk of its own")
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    noise = Random(1)
    rows = (event(n, n / 100, article_title=noise.randbytes(400).hex()) for n in range(30_000))
    file = write(tmp_path / "a.jsonl", rows)
    script = f'mount -t tmpfs -o size=12m none {disk} || exit 77; exec {sys.executable} -c "$0" {disk} {file}'
    answer = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, SMALL_DISK], capture_output=True, text=True, check=False
    )
    if answer.returncode == 77 or "unshare" in answer.stderr:
        pytest.skip(f"this system lets nobody make a small disk: {answer.stderr.strip()}")
    first, second = answer.stdout.splitlines()
    assert first.startswith("the disk is full: free some space and run the same command again"), answer
    assert second == "30000 1"


KILLED = """
import os, sys
from pathlib import Path
from readership.events.mapping import load_mapping
from readership.pipelines.ingest import ingest
from readership.pipelines.staging import Staging
from readership.settings import Settings
from readership.warehouse import Warehouse
store, file, step = sys.argv[1:]
run = Staging.run
def killing(self, name, **values):
    if name == step:
        os.kill(os.getpid(), 9)
    run(self, name, **values)
Staging.run = killing
settings = Settings(warehouse=f"chdb://{store}")
with Warehouse.open(settings) as warehouse:
    done = ingest(warehouse, [Path(file)], load_mapping("native"), settings=settings)
    left = "SELECT count() FROM system.databases WHERE startsWith(name, 'readership_staging_')"
    sessions = "SELECT sum(total_events) FROM session_metrics"
    print(done.events_loaded + done.events_duplicate, warehouse.scalar(sessions), warehouse.scalar(left))
"""


@pytest.mark.parametrize("step", ["insert_quarantine", "tombstones"])
def test_a_killed_load_is_completed_by_the_next(tmp_path: Path, step: str) -> None:
    file = log(tmp_path)
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path / "store"), str(file)]
    assert subprocess.run([*command, step], capture_output=True, check=False).returncode == -9
    answer = subprocess.run([*command, "never"], capture_output=True, text=True, check=False)
    assert answer.stdout.split() == ["21", "21", "0"], answer.stderr
