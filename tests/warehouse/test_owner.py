"""One process owns an embedded store; everybody else is told who."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from readership.errors import WarehouseLocked
from readership.warehouse.owner import Ownership

OPEN = """
import sys
from readership.errors import ReadershipError
from readership.settings import Settings
from readership.warehouse import Warehouse, migrate
try:
    with Warehouse.open(Settings(warehouse="chdb://" + sys.argv[1])) as warehouse:
        migrate(warehouse)
        print(warehouse.database, warehouse.scalar("SELECT count() FROM events"))
except ReadershipError as error:
    print(error.code, error)
    sys.exit(1)
"""


def open_elsewhere(store: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", OPEN, str(store)], capture_output=True, text=True, check=False)


def test_a_second_process_is_told_who_holds_the_store(tmp_path: Path) -> None:
    owner = Ownership.take(tmp_path / "store")
    try:
        answer = open_elsewhere(tmp_path / "store")
    finally:
        owner.release()
    assert answer.returncode == 1
    message = answer.stdout
    assert message.startswith(
        f"warehouse_locked the warehouse {tmp_path / 'store'} is held by process {os.getpid()} (`"
    )
    assert f"wait for it to end, or stop it with `kill {os.getpid()}`; nothing was changed" in message
    assert "Traceback" not in answer.stderr


def test_the_store_is_free_again_afterwards(tmp_path: Path) -> None:
    Ownership.take(tmp_path / "store").release()
    assert open_elsewhere(tmp_path / "store").stdout == "analytics 0\n"
    assert open_elsewhere(tmp_path / "store").stdout == "analytics 0\n"


def test_owner_json_names_the_process_the_command_and_since_when(tmp_path: Path) -> None:
    owner = Ownership.take(tmp_path / "store")
    named = json.loads(owner.path.read_text())
    owner.release()
    assert set(named) == {"pid", "command", "since"}
    assert named["pid"] == os.getpid()


def test_a_process_that_died_blocks_nobody(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from readership.warehouse.owner import Ownership; "
        "owner = Ownership.take(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "store")], check=False)
    Ownership.take(tmp_path / "store").release()


def test_an_unreadable_owner_still_gives_a_message(tmp_path: Path) -> None:
    owner = Ownership.take(tmp_path / "store")
    owner.path.write_text("not json")
    with pytest.raises(WarehouseLocked, match="is held by another process; wait for it to end; nothing was changed"):
        Ownership.take(tmp_path / "store")
    owner.release()
