"""`readership ingest --from`: the first call proposes, the next reads, the one after finds nothing new."""

import json
import os
import subprocess
import sys
from pathlib import Path

from foreign_table import Theirs, Visit


def readership(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "READERSHIP_HOME": str(home)}
    command = [sys.executable, "-m", "readership.cli", "ingest", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_from_a_first_call_to_a_daily_one(theirs: Theirs, tmp_path: Path) -> None:
    theirs.write([Visit("r", n * 600, number=n, tier="basis", stories=("a",)) for n in range(5)])
    before = theirs.content()
    call = ["--from", theirs.dsn, "--table", theirs.name, "--json"]
    first = readership(tmp_path, *call)
    file = tmp_path / "mappings" / f"{theirs.name}.toml"
    assert (first.returncode, first.stdout) == (1, "")
    assert f"{file} proposes one: check every line" in first.stderr
    untold = readership(tmp_path, *call)
    assert untold.returncode == 1
    assert "says nothing about consent" in untold.stderr
    done = readership(tmp_path, *call, "--consent", "analytics,personalisation")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    names = ("events_loaded", "events_duplicate", "events_quarantined", "sessions", "readers", "sessions_loaded")
    assert [found[name] for name in names] == [10, 0, 0, 5, 1, 5]
    again = json.loads(readership(tmp_path, *call, "--consent", "analytics,personalisation").stdout)
    assert (again["events_loaded"], again["sessions_loaded"]) == (0, 0)
    assert theirs.content() == before
    for answer in (first, untold, done):
        assert "secret" not in answer.stderr + answer.stdout


def test_a_proposal_alone(theirs: Theirs, tmp_path: Path) -> None:
    file = tmp_path / "proposed.toml"
    call = ["--from", theirs.dsn, "--table", theirs.name, "--propose", str(file), "--json"]
    answer = readership(tmp_path, *call)
    found = json.loads(answer.stdout)
    assert (found["proposed"], found["kind"], found["missing"]) == (str(file), "sessions", [])
    assert found["matched"]["user_id"] == "reader_hash"
    assert 'session_start = "begin" # DateTime' in file.read_text()
    assert not (tmp_path / "var").exists(), "the warehouse is not even opened"
    assert "exists and was not overwritten" in readership(tmp_path, *call).stderr


def test_options_that_do_not_go_together(theirs: Theirs, tmp_path: Path) -> None:
    for wrong in (["--from", theirs.dsn], ["--propose", "x"], ["a.csv", "--from", theirs.dsn, "--table", "a.b"]):
        answer = readership(tmp_path, *wrong)
        assert answer.returncode == 2, answer.stderr
