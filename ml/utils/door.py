"""Opens a `readership` command from a script, in the environment that has the package installed."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REMEDY = (
    "the package `readership` is not installed for %s; run `make demo` at the root of the checkout (it makes .venv), "
    "or `cd ml && pip install -r requirements_ml.txt` in an environment of your own, then the same command again"
)


def enter(*command):
    """Run `readership COMMAND…` with this script's arguments, on the checkout's warehouse whatever the folder.

    Where the package is missing, the script starts again in the checkout's .venv; without one it says what to do.
    """
    os.environ.setdefault("READERSHIP_HOME", str(ROOT))
    if find_spec("readership") is None:
        _start_again(ROOT / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    from readership.cli import main

    sys.argv = ["readership", *command, *sys.argv[1:]]
    main()


def _start_again(python):
    if Path(sys.prefix).resolve() == (ROOT / ".venv").resolve() or not python.exists():
        sys.exit(REMEDY % sys.executable)
    os.execv(str(python), [str(python), *sys.argv])
