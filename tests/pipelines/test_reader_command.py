"""`readership reader` and what loads events afterwards, as processes of their own; `readership keys` in this one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from written_events import event, write


def readership(home: Path, *arguments: str, **variables: str) -> Any:
    """What the command printed as JSON."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("READERSHIP_")}
    done = subprocess.run(
        [sys.executable, "-m", "readership.cli", *arguments],
        env={**environment, "READERSHIP_HOME": str(home), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_reader_is_erased_and_not_taken_again(tmp_path: Path) -> None:
    events = [event(n, n, user_id=reader) for n, reader in enumerate(("-42", "-42", "r"))]
    file = str(write(tmp_path / "events.jsonl", events))
    assert readership(tmp_path, "ingest", file, "--json")["events_loaded"] == 3
    (done,) = readership(tmp_path, "reader", "erase", "-42", "--json")["erasures"]
    assert (done["state"], done["erased"]) == ("erased", {"events": 2, "readers": 1, "session_versions": 1})
    again = readership(tmp_path, "ingest", file, "--json", READERSHIP_RETENTION_DAYS="30", READERSHIP_NOW="2026-05-01")
    assert {name: again[name] for name in ("events_erased", "events_duplicate", "readers")} == {
        "events_erased": 2,
        "events_duplicate": 1,
        "readers": 1,
    }
    assert again["too_old"] == {"events": 1, "session_versions": 1, "readers": 1}


@pytest.mark.parametrize("arguments", [["reader", "erase"], ["reader", "erase", "42", "--pending"]])
def test_a_reader_or_what_waits(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    from readership.cli import app

    with pytest.raises(SystemExit) as ended:
        app(arguments)
    assert ended.value.code == 2
    assert "name a reader, or --pending" in capsys.readouterr().err


def test_keys_are_made_listed_rotated_and_revoked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from readership.cli import app

    def say(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            app(["keys", *arguments])
        assert ended.value.code in (0, None)
        return capsys.readouterr().out

    monkeypatch.setenv("READERSHIP_HOME", str(tmp_path))
    key = say("create", "ops", "--scopes", "admin, read").strip()
    newer = say("rotate", "ops", "--grace-hours", "2").strip()
    assert key.startswith("rdr_")
    assert newer != key
    old, new = json.loads(say("list", "--json"))["keys"]
    assert (old["name"], old["scopes"], new["until"]) == ("ops", ["read", "admin"], None)
    assert old["until"] > new["created_at"]
    assert key not in say("list")
    say("revoke", "ops")
    assert say("list") == ""
