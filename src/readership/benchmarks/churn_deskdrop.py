"""Churn on the Deskdrop reading log (CI&T, 2016–17), by the product's own ingest, features, labels and models.

Cut-offs are fixed beforehand: train 2016-05-19 … 11-03 every 14 days, candidates compared on 10-06, 10-20 and
11-03 after a fit up to 09-08, judged on 2016-12-01, 12-29 and 2017-01-26. Nothing is chosen on the test.
"""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from readership.benchmarks.result import flat, result
from readership.contracts import Folds
from readership.datasets.rules import label_rule
from readership.errors import InputError
from readership.evaluation.leakage import AuditReport
from readership.events.mapping import Mapping, load_mapping
from readership.models import baselines, churn
from readership.pipelines.dataset import build_dataset
from readership.pipelines.fitting import fit
from readership.pipelines.ingest import ingest
from readership.pipelines.progress import Progress
from readership.pipelines.train import Prepared, judge
from readership.settings import Settings
from readership.warehouse import Warehouse

FILE = Path("deskdrop") / "users_interactions.csv.gz"
FORTNIGHT = timedelta(days=14)
HORIZON = timedelta(days=28)
PROTOCOL = (
    "people with an event in [t-56 d, t); label: none in [t, t+28 d); refit on 13 cut-offs 2016-05-19 … 2016-11-03, "
    "champion by log loss on 2016-10-06, 10-20, 11-03 after a fit up to 09-08; no cut-off is left between training and "
    "test to calibrate on, so probabilities are as the model gives them; "
    "test pooled on 2016-12-01, 12-29, 2017-01-26; intervals clustered by reader"
)


def folds() -> Folds:
    """The cut-offs of the protocol."""
    refit = tuple(datetime(2016, 5, 19, tzinfo=UTC) + FORTNIGHT * n for n in range(13))
    return Folds(
        train=tuple(cutoff for cutoff in refit if cutoff <= datetime(2016, 9, 8, tzinfo=UTC)),
        valid=refit[-3:],
        calibration=(),
        test=tuple(datetime(2016, 12, 1, tzinfo=UTC) + HORIZON * n for n in range(3)),
        refit=refit,
        horizon=HORIZON,
    )


def run(data: Path) -> dict[str, Any]:
    """Figures of the champion, the other candidates and floors as peers; InputError when the log is not there."""
    file = data / FILE
    if not file.is_file():
        raise InputError(f"{file} does not exist; --data names the folder that holds {FILE}")
    began = time.monotonic()
    with TemporaryDirectory(prefix="readership-bench-") as folder:
        settings = Settings(warehouse=f"chdb://{folder}/warehouse", artifacts=Path(folder) / "artifacts")
        figures, peers, chosen = judged(file, load_mapping("deskdrop"), folds(), settings, "Deskdrop")
    return result("churn-deskdrop", figures, peers, f"{PROTOCOL}; {chosen}", time.monotonic() - began)


def judged(
    file: Path, mapping: Mapping, cutoffs: Folds, settings: Settings, source: str
) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Figures and peers of churn on a log at these cut-offs, by the product's own steps; and what was chosen."""
    with Warehouse.open(settings) as warehouse, Progress() as progress:
        summary = ingest(warehouse, [file], mapping, settings=settings, progress=progress)
        dataset, manifest = build_dataset(warehouse, settings, churn.TASK, cutoffs)
    with Progress() as progress:
        fitted = fit(dataset, cutoffs, churn.specs(), churn.floors, lambda name, s: progress.say(f"{name} {s:.1f} s"))
    prepared = Prepared(
        label_rule(churn.TASK, settings),
        cutoffs,
        dataset,
        manifest,
        {"source": source, "events": summary.events_loaded, "readers": summary.readers},
        AuditReport((), 0, "nothing_compared"),
        None,
    )
    found = judge(prepared, fitted, floors=baselines.NAMES)
    figures = {
        **flat(found["metrics"]),
        "rows_train": len(dataset.at(cutoffs.refit)),
        "rows_test": found["label"]["n_test"],
        "readers_test": found["label"]["readers_test"],
    }
    for part in found["per_as_of"]:
        day = part["as_of"][:10]
        figures |= {f"{name}_{day}": part["metrics"][name]["value"] for name in ("roc_auc", "ece")}
    peers = {name: flat(metrics) for name, metrics in {**found["floors"], **found["candidates"]}.items()}
    return figures, peers, f"champion {found['champion']}, calibration {fitted.calibrator.name}"
