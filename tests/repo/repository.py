"""The checkout as tests see it."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = shutil.ignore_patterns(".*_cache", ".git", ".hypothesis", ".venv", "__pycache__", "artifacts", "var")


@cache
def tracked() -> tuple[Path, ...]:
    """Files of the checkout that are in it or about to be; every file where it is no git checkout."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return tuple(path for line in done.stdout.splitlines() if (path := ROOT / line).is_file())
    skipped = {".git", ".venv", "artifacts", "var"}
    return tuple(path for path in ROOT.rglob("*") if path.is_file() and not skipped & set(path.parts))


def copy(target: Path) -> Path:
    """A copy of the checkout without environments, caches and results."""
    shutil.copytree(ROOT, target, ignore=NOT_OURS)
    return target
