"""The import contract in pyproject.toml: kept by a copy of the package, broken by each violation planted in it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from repository import ROOT

PLANTED = [
    ("layers", "events/planted.py", "import readership.features"),
    ("layers", "serving/planted.py", "import readership.simulator"),
    ("layers", "errors.py", "import readership.settings"),
    ("layers", "warehouse/planted.py", "def later():\n    import readership.pipelines"),
    ("layers", "newcomer/__init__.py", ""),
    ("pure", "models/planted.py", "import readership.settings"),
    ("pure", "evaluation/planted.py", "from readership.warehouse import Warehouse"),
    ("engines", "pipelines/planted.py", "import clickhouse_connect"),
    ("engines", "benchmarks/planted.py", "from chdb import session"),
    ("web", "pipelines/planted.py", "from fastapi import FastAPI"),
    ("mlflow", "pipelines/planted.py", "import mlflow"),
    ("serving", "serving/planted.py", "import readership.registry.promotion"),
    ("serving", "serving/planted.py", "from readership.registry.mlflow_registry import MlflowRegistry"),
    ("serving", "serving/planted.py", "import readership.experiments.aggregates"),
]


@pytest.fixture
def tree(tmp_path):
    """A copy of the package and of the contract."""
    shutil.copytree(ROOT / "src" / "readership", tmp_path / "readership", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(tree: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    chosen = [word for name in contracts for word in ("--contract", name)]
    command = [str(program), "--no-logo", "--no-cache", "--config", "pyproject.toml", *chosen]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


def plant(tree: Path, where: str, line: str) -> None:
    path = tree / "readership" / where
    path.parent.mkdir(exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + line + "\n")


def test_the_package_keeps_the_contract(tree):
    done = lint(tree)
    assert done.returncode == 0, done.stdout


def test_serving_may_assign(tree):
    plant(tree, "serving/planted.py", "from readership.experiments.assignment import assign, read_experiments")
    assert lint(tree, "serving").returncode == 0


@pytest.mark.parametrize(("contract", "where", "line"), PLANTED)
def test_a_planted_violation_breaks_it(tree, contract, where, line):
    plant(tree, where, line)
    done = lint(tree, contract)
    assert done.returncode == 1, done.stdout
    assert "0 kept, 1 broken" in done.stdout, done.stdout + done.stderr


def test_packages_still_to_come_have_their_place(tree):
    plant(tree, "monitoring/__init__.py", "import readership.evaluation")
    assert lint(tree, "layers").returncode == 0
    plant(tree, "experiments/__init__.py", "import readership.monitoring")
    assert lint(tree, "layers").returncode == 1
