"""`readership ingest --table`: the door, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEADER = "user_id,period_start,period_end\n"


def readership(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command with its own home."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("READERSHIP_")}
    return subprocess.run(
        [sys.executable, "-m", "readership.cli", "ingest", *arguments],
        env={**environment, "READERSHIP_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_file_of_paid_periods_ends_in_one_json_object(tmp_path: Path) -> None:
    (tmp_path / "billing.csv").write_text(HEADER + "1,2026-01-01,2026-02-01\n2,2026-01-01,n/a\n")
    done = readership(tmp_path, "--table", "subscriptions", str(tmp_path / "billing.csv"), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {name: found[name] for name in ("table", "rows_loaded", "rows_quarantined", "rows_held")} == {
        "table": "subscriptions",
        "rows_loaded": 1,
        "rows_quarantined": 1,
        "rows_held": 1,
    }
    assert found["reasons"][0]["reason"] == "'n/a' is not a time"
    assert "billing.csv: 1 subscriptions new, 0 changed, 0 known already, 1 in quarantine" in done.stderr


USAGE = [
    (("--table", "subscribers", "a.csv"), "it can be subscriptions, articles, ads"),
    (("--table", "ads"), "name either the files of ads to load, or --from"),
    (("--table", "ads", "--from", "clickhouse://x"), "--from needs --source-table"),
    (("--table", "ads", "a.csv", "--consent", "analytics"), "--consent is about events"),
    ((), "name the files to load"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE, ids=[" ".join(a) or "nothing" for a, _ in USAGE])
def test_bad_usage_exits_2_and_says_what_is_missing(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    from readership.cli import app

    with pytest.raises(SystemExit) as ended:
        app(["ingest", *arguments])
    assert ended.value.code == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_file_that_is_not_there_exits_1(tmp_path: Path) -> None:
    done = readership(tmp_path, "--table", "articles", str(tmp_path / "gone.csv"))
    assert done.returncode == 1
    assert "gone.csv does not exist; check the path; nothing was loaded" in done.stderr
