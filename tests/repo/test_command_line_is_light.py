"""`readership --help` answers at once: the command line imports nothing heavy until a command needs it."""

import resource
import subprocess
import sys

HEAVY = {
    "altair",
    "chdb",
    "clickhouse_connect",
    "fastapi",
    "lightgbm",
    "lmdb",
    "mlflow",
    "numpy",
    "onnx",
    "onnxruntime",
    "pandas",
    "pandera",
    "polars",
    "pyarrow",
    "scipy",
    "sklearn",
    "torch",
    "uvicorn",
    "xgboost",
}
MODULES = 700
CPU_SECONDS = 1.5


def test_importing_the_command_line_brings_nothing_heavy():
    script = "import readership.cli, sys; print(len(sys.modules), *{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    many, *names = done.stdout.split()
    assert sorted(HEAVY & set(names)) == []
    assert int(many) < MODULES


def test_help_costs_little():
    costs = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "readership.cli", "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(costs) < CPU_SECONDS
