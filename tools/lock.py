"""Resolve every extra except PyTorch and write the exact versions to requirements.lock (`make lock`).

pip resolves as it would install, by its own settings; PIP_CONSTRAINT=FILE narrows the choice. Only names and
versions are written: no index, no host, no local build, so that the file holds on any machine.
"""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = ("readership", "torch")
OTHER_PLATFORMS = {"xgboost": "xgboost-cpu"}
"""Packages that another platform takes instead, at the version resolved here."""
HEADER = """\
# Versions that were installed and tested together, for every extra. Made by `make lock`; use it as a constraint:
#   pip install -c requirements.lock -e '.[train,serve]'
# PyTorch (extra `deep`) is not pinned: its builds differ from machine to machine.
"""


def main() -> None:
    """Write requirements.lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = resolved(wanted(project))
    for name, twin in OTHER_PLATFORMS.items():
        pins.setdefault(name, pins[twin])
    lines = [f"{name}=={version}" for name, version in sorted(pins.items())]
    (ROOT / "requirements.lock").write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"requirements.lock: {len(lines)} packages")


def wanted(project: dict[str, Any]) -> list[str]:
    """Requirements of the core and of every extra, without the project itself and what stays unpinned."""
    extras = project["optional-dependencies"].values()
    every = [*project["dependencies"], *(line for extra in extras for line in extra)]
    return [line for line in every if not line.startswith(LEFT_OUT)]


def resolved(requirements: list[str]) -> dict[str, str]:
    """Exact version of each requirement and of all they need; nothing is installed."""
    with TemporaryDirectory() as folder:
        asked, report = Path(folder, "asked.txt"), Path(folder, "report.json")
        asked.write_text("\n".join(requirements), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run(
            [*command, "--dry-run", "--ignore-installed", "--report", report, "--requirement", asked], check=True
        )
        found = [entry["metadata"] for entry in json.loads(report.read_text(encoding="utf-8"))["install"]]
    return {entry["name"].lower().replace("_", "-"): entry["version"].split("+")[0] for entry in found}


if __name__ == "__main__":
    main()
