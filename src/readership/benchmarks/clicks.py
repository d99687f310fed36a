"""How close do click probabilities come to the true ones, on a simulated publisher whose every chance is known?

The product's own steps on a world in a temporary warehouse: impressions counted point in time, floors and candidates
fitted on earlier days, chosen and calibrated on later ones, judged on the last. The logged position is given to models
and oracle alike; beside it, what is left when neither is told.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from readership.benchmarks.result import result
from readership.contracts import Evaluation
from readership.errors import InputError
from readership.models import click
from readership.pipelines.clock import resolve_now
from readership.pipelines.making import Asked
from readership.pipelines.progress import Progress
from readership.pipelines.simulate import simulate
from readership.pipelines.tasks import Order, train
from readership.settings import Settings
from readership.simulator import World
from readership.warehouse import Warehouse

SEED, DAYS, FEWEST_READERS = 7, 90, 500
METRICS = ("roc_auc", "log_loss", "normalised_entropy", "ece")
PROTOCOL = (
    "a simulated publisher of {readers:,} readers over {days} days, seed {seed}; impressions of readers who agreed to "
    "personalisation, label: clicked within 30 minutes; counts known up to the last full ten minutes; {train} days to "
    "train, {choice} to choose, {choice} to calibrate, the last {test} to judge; champion {champion} by log loss on "
    "validation. auc_efficiency = (auc - 0.5) / (oracle's auc - 0.5), the logged position given to both; intervals "
    "draw readers"
)


def run(*, readers: int = 4_000) -> dict[str, Any]:
    """Figures: auc_efficiency, auc_efficiency_position_free, ece, log_loss …; peers are floors and candidates."""
    if readers < FEWEST_READERS:
        raise InputError(f"{readers} readers are too few for clicks to be learnt from; give at least {FEWEST_READERS}")
    began = time.monotonic()
    with TemporaryDirectory(prefix="readership-bench-") as folder, Progress() as progress:
        settings = Settings(
            warehouse=f"chdb://{folder}/warehouse",
            artifacts=Path(folder) / "artifacts",
            registry=f"sqlite:///{folder}/mlflow.db",
        )
        with Warehouse.open(settings) as warehouse:
            with progress.step("a publisher"):
                simulate(warehouse, settings, Asked(World(readers, DAYS, SEED)))
            now = resolve_now(warehouse, settings, None).at
            (made,) = train(warehouse, settings, now, click.TASK, Order(), progress)
    return figures(made.evaluation, readers, time.monotonic() - began)


def figures(found: Evaluation, readers: int, seconds: float) -> dict[str, Any]:
    """The benchmark's answer from the evaluation of the click model."""
    days = {name: len(found["protocol"][f"{name}_as_of"]) for name in ("train", "valid", "test")}
    oracle, free = found["oracle"], found["position_free"]
    named = {
        "auc_efficiency": (oracle["efficiency"], oracle["efficiency_ci95"]),
        "auc_efficiency_position_free": (free["oracle"]["efficiency"], free["oracle"]["efficiency_ci95"]),
        **{name: (found["metrics"][name]["value"], found["metrics"][name]["ci95"]) for name in METRICS},
    }
    own: dict[str, Any] = {}
    for name, (value, (low, high)) in named.items():
        own |= {name: value, f"{name}_low": low, f"{name}_high": high}
    own |= {
        "oracle_roc_auc": oracle["roc_auc"]["value"],
        "oracle_log_loss": oracle["log_loss"]["value"],
        "impressions_judged": found["label"]["n_test"],
        "share_clicked": found["label"]["base_rate"],
    }
    others = {**found["candidates"], **found["floors"]}
    peers = {name: {metric: metrics[metric]["value"] for metric in METRICS} for name, metrics in others.items()}
    protocol = PROTOCOL.format(
        readers=readers, days=DAYS, seed=SEED, train=days["train"], choice=days["valid"], test=days["test"],
        champion=found["champion"],
    )  # fmt: skip
    return result("clicks", own, peers, protocol, seconds)
