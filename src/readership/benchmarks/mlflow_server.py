"""The peer of `readership bench serving`: MLflow's own scoring server with the same trees, features sent ready-made."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from readership.benchmarks.http_load import Ask
from readership.benchmarks.served import Served, free_port, served

UNNAMED = ("feature_names", "feature_types")


@contextmanager
def mlflow_server(home: Path, native: Path, workers: int) -> Iterator[Served]:
    """`mlflow models serve` of an XGBoost model in its JSON form; one thread a worker, like the product."""
    folder = model_folder(home / "mlflow", native)
    port = free_port()
    code = "from mlflow.cli import cli; cli()"
    options = ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
    command = ["-c", code, "models", "serve", "--model-uri", str(folder), *options]
    settings = {"MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1", "PATH": _path()}
    with served(command, port, "/ping", home, settings) as server:
        yield server


def ask(row: list[float | None]) -> Ask:
    """One row as a plain matrix, the quickest form of its server that takes missing values."""
    return Ask("/invocations", json.dumps({"inputs": [row]}))


def model_folder(folder: Path, native: Path) -> Path:
    """An MLflow model without a pickle: the JSON of the trees and the file that describes it.

    Names and types of features are left out of the JSON, since a matrix brings none.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    trees = json.loads(native.read_text(encoding="utf-8"))
    trees["learner"] |= {name: [] for name in UNNAMED}
    (folder / "model.json").write_text(json.dumps(trees), encoding="utf-8")
    flavors = {
        "python_function": {"loader_module": "mlflow.xgboost", "data": "model.json"},
        "xgboost": {"data": "model.json", "model_class": "xgboost.core.Booster", "model_format": "json"},
    }
    described = {"flavors": flavors, "model_uuid": "0" * 32, "utc_time_created": "2026-10-01 00:00:00.000000"}
    (folder / "MLmodel").write_text(json.dumps(described), encoding="utf-8")
    return folder


def _path() -> str:
    """Its server looks for `uvicorn` on the path."""
    import os
    import sysconfig

    return os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
