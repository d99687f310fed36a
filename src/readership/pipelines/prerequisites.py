"""What a run needs before it starts: Python, packages, a warehouse that answers, free disk."""

import shutil
import sys
from importlib.util import find_spec

from readership.errors import MissingExtra, ReadershipError
from readership.settings import Settings
from readership.warehouse import Warehouse

MIN_FREE_GIB = 2
PACKAGES = ("altair", "lightgbm", "mlflow", "onnxruntime", "sklearn", "xgboost")


class PrerequisiteError(ReadershipError):
    """Something a run needs is not there."""

    code = "prerequisite"


def check_prerequisites(settings: Settings) -> None:
    """Raise an error naming the first thing that is missing and what to do; nothing is changed."""
    if sys.version_info < (3, 11):  # noqa: UP036  a source checkout can be started by any Python
        raise PrerequisiteError(f"Python is {sys.version.split()[0]}; Readership needs 3.11 or newer")
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise MissingExtra(f"package {missing[0]} is not installed; `pip install 'readership[train]'`")
    settings.root.mkdir(parents=True, exist_ok=True)
    free_gib = shutil.disk_usage(settings.root).free / 2**30
    if free_gib < MIN_FREE_GIB:
        raise PrerequisiteError(
            f"{settings.root} has {free_gib:.1f} GiB free; a run needs {MIN_FREE_GIB}; free some or set READERSHIP_HOME"
        )
    with Warehouse.open(settings) as warehouse:
        warehouse.scalar("SELECT 1")
