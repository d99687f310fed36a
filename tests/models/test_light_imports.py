"""Scoring must not load what only training needs, and a model must not load a warehouse."""

import subprocess
import sys

HEAVY = ("sklearn", "scipy", "xgboost", "lightgbm", "onnx", "onnxruntime", "polars", "pandas", "torch")
FORBIDDEN = ("readership.warehouse", "readership.settings", "clickhouse_connect", "fastapi")


def test_importing_models_loads_no_training_library() -> None:
    code = (
        "import importlib, pkgutil, sys, readership.models as m\n"
        "for found in pkgutil.iter_modules(m.__path__): importlib.import_module('readership.models.' + found.name)\n"
        f"print([name for name in {(*HEAVY, *FORBIDDEN)!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
