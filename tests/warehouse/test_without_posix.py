"""Without the modules of Linux and macOS, as on Windows: a server does, the embedded engine names the other ways."""

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import os, sys
sys.modules["fcntl"] = sys.modules["resource"] = None
del os.sysconf
sys.argv = ["readership", *sys.argv[1:]]
from readership.cli import main
main()
"""


def run(folder: Path, *words: str, warehouse: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "READERSHIP_HOME": str(folder), "READERSHIP_WAREHOUSE": warehouse}
    command = [sys.executable, "-c", PROGRAM, *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_server_is_enough(server_dsn: str, tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    event = {"event_id": "1", "user_id": "anna", "event_type": "login", "timestamp": "2026-01-05T10:00:00Z"}
    log.write_text(json.dumps(event) + "\n", encoding="utf-8")
    done = run(tmp_path, "doctor", str(log), "--json", warehouse=server_dsn)
    assert done.returncode == 0, done.stderr
    assert {step["step"]: step["state"] for step in json.loads(done.stdout)["steps"]}["exploration"] == "ready"


def test_the_embedded_engine_names_the_other_ways(tmp_path: Path) -> None:
    done = run(tmp_path, "doctor", warehouse="chdb://var/warehouse")
    assert done.returncode == 1
    assert "error (missing_extra): the embedded warehouse" in done.stderr
    assert "READERSHIP_WAREHOUSE=clickhouse://" in done.stderr
    assert "WSL2 or Docker" in done.stderr
    assert list(tmp_path.iterdir()) == []
