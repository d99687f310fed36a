"""The walk of examples/README.md, command by command, against a server whose user may only read."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_http_shim import served

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = [
    line for block in BLOCK.findall((ROOT / "examples" / "README.md").read_text()) for line in block.splitlines()
]
TITLES = """
from readership.settings import load_settings
from readership.warehouse import Warehouse
with Warehouse.open(load_settings()) as warehouse:
    print(warehouse.scalar("SELECT countIf(title LIKE '%of day%') = count() AND count() > 1000 FROM articles"))
"""


class Walk:
    """A home, the environment of its commands, and what each of them printed."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self.folder = folder
        self.publisher = dsn.removesuffix("/analytics")
        self.environment = {
            **os.environ,
            "READERSHIP_HOME": str(folder),
            "PUBLISHER": self.publisher,
            "FROM": self.publisher.replace("default", "reader"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        self.printed: dict[str, list[str]] = {}
        self.before: tuple[str, ...] = ()

    def run(self, command: str, expect: int = 0) -> str:
        """Run a line as a shell would, from the root of the checkout."""
        done = subprocess.run(
            ["bash", "-c", command], cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=1200
        )
        assert done.returncode == expect, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        self.printed.setdefault(command.split(" --from")[0].split(' "')[0], []).append(done.stdout)
        return done.stdout

    def source(self) -> tuple[str, ...]:
        """A hash of the publisher's table, and the names of all tables on their server."""
        client = clickhouse_connect.get_client(dsn=self.publisher, autogenerate_session_id=False)
        rows = client.query("SELECT * FROM nordlicht.visits ORDER BY visit_id").result_rows
        tables = client.query(
            "SELECT concat(database, '.', name) FROM system.tables "
            "WHERE lower(database) NOT IN ('system', 'information_schema') ORDER BY 1"
        ).result_rows
        client.close()
        return (hashlib.sha256(repr(rows).encode()).hexdigest(), *(name for (name,) in tables))


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> "Walk":
    """Every command of the example, in order."""
    with served(tmp_path_factory.mktemp("publisher") / "store") as dsn:
        made = Walk(tmp_path_factory.mktemp("walk"), dsn)
        for command in COMMANDS:
            made.run(command)
            made.before = made.before or made.source()
        made.after = made.source()  # type: ignore[attr-defined]
    return made


def test_the_source_is_untouched(walk: Walk) -> None:
    assert walk.before == walk.after  # type: ignore[attr-defined]
    assert walk.before[1:] == ("nordlicht.visits",)


def test_the_doctor_says_what_is_missing_and_what_consent_would_allow(walk: Walk) -> None:
    without, granted, loaded = (*walk.printed["readership doctor"],)
    assert re.search(r"impossible +[a-z_, ]*\bchurn: nobody is known to agree", without)
    assert re.search(r"(ready|degraded) +[a-z_, ]*\bchurn:", granted)
    assert re.search(r"impossible +[a-z_, ]*churn_subscribers: no paid periods are known", granted)
    assert re.search(r"(ready|degraded) +[a-z_, ]*churn_subscribers:", loaded)
    page = (walk.folder / "doctor.html").read_text(encoding="utf-8")
    assert "3 brands: " in page
    assert "secret" not in page


def test_the_proposal_finds_every_column_of_the_mapping(walk: Walk) -> None:
    def columns(path: Path) -> dict[str, str]:
        text = path.read_text(encoding="utf-8").split("[columns]")[1].split("\n[")[0]
        return dict(re.findall(r'^(\w+) = "(\w+)"', text, re.MULTILINE))

    assert columns(walk.folder / "proposed.toml") == columns(ROOT / "examples" / "visits.toml")


def test_the_second_time_adds_nothing(walk: Walk) -> None:
    checked, first, second = walk.printed["readership ingest"][1:4]
    loaded = [int(re.findall(r"sessions loaded: (\d+)", text)[0]) for text in (checked, first, second)]
    assert loaded[0] == loaded[1] > 10_000
    assert loaded[2] == 0


def test_the_report_is_there_for_both_kinds_of_churn(walk: Walk) -> None:
    index = (walk.folder / "artifacts/reports/index.html").read_text(encoding="utf-8")
    for task in ("churn", "churn_subscribers"):
        evaluation = json.loads((walk.folder / f"artifacts/evaluation/{task}.json").read_text())
        assert evaluation["leakage"]["verdict"] == "clean"
        assert evaluation["label"]["n_test"] > 50
        assert f'href="{task}.html"' in index
    assert (walk.folder / "artifacts/reports/exploration.html").is_file()


def test_articles_carry_titles(walk: Walk) -> None:
    assert walk.run(f"python -c '{TITLES.replace(chr(39), chr(39) + chr(92) + chr(39) + chr(39))}'").strip() in (
        "1",
        "True",
    )
