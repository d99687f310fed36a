"""The Makefile, asked what it would do: nothing is installed twice, and what is missing is named."""

import os
import shutil
import subprocess

import pytest
from repository import ROOT


@pytest.fixture
def checkout(tmp_path):
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(folder, *words, **variables):
    return subprocess.run(
        ["make", *words], cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )


def installed(checkout, *stamps):
    """As if an installation had just ended."""
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").touch()
    for stamp in stamps:
        (checkout / ".venv" / f".installed-{stamp}").touch()


@pytest.mark.parametrize(
    ("words", "extras"),
    [
        (["demo"], "train,serve"),
        (["demo", "DEEP=1"], "train,serve,deep"),
        (["test"], "train,serve,kafka,redis,dev"),
        (["check", "DEEP=1"], "train,serve,deep,kafka,redis,dev"),
    ],
)
def test_each_target_makes_its_environment_and_installs_what_it_needs(checkout, words, extras):
    plan = make(checkout, "-n", *words).stdout
    assert "-m venv .venv" in plan
    assert f"pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[{extras}]'" in plan


def test_what_is_installed_is_not_installed_again(checkout):
    installed(checkout, "run", "dev")
    for target in ("demo", "test", "check"):
        assert "pip install" not in make(checkout, "-n", target).stdout


def test_new_requirements_are_installed(checkout):
    installed(checkout, "run")
    os.utime(checkout / ".venv" / ".installed-run", (0, 0))
    assert "pip install" in make(checkout, "-n", "demo").stdout


def test_check_is_format_lint_types_and_test(checkout):
    installed(checkout, "run", "dev")
    plan = make(checkout, "-n", "check").stdout
    steps = [
        "ruff format --check",
        "ruff check",
        "mypy",
        "lint-imports",
        "pytest -n 2 --dist loadfile --doctest-modules src tests",
    ]
    found = [plan.index(step) for step in steps]
    assert found == sorted(found)


def test_an_old_python_or_none_is_named(checkout):
    done = make(checkout, "demo", "PYTHON=")
    assert done.returncode != 0
    assert "Python 3.11 or newer" in done.stderr


def test_a_python_without_venv_is_named_and_leaves_nothing(checkout):
    broken = checkout / "python"
    broken.write_text("#!/bin/sh\nmkdir -p .venv/bin\nexit 1\n")
    broken.chmod(0o755)
    done = make(checkout, "demo", f"PYTHON={broken}")
    assert done.returncode != 0
    assert "apt install python3-venv" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_system_without_openmp_is_named_before_anything_runs(checkout):
    """Slim images leave out the library that LightGBM needs."""
    python = checkout / ".venv" / "bin" / "python"
    installed(checkout)
    python.write_text('#!/bin/sh\ncase "$2" in *lightgbm*) exit 1;; esac\n')
    python.chmod(0o755)
    done = make(checkout, "demo")
    assert done.returncode != 0
    assert "apt install libgomp1" in done.stderr
    assert not (checkout / ".venv" / ".installed-run").exists()


def test_ci_runs_make_test():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").endswith("exec make test\n")
