"""Do labels depend on their window alone, and does any feature know them?"""

from collections.abc import Iterator
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, Folds, ModelSpec
from readership.datasets.folds import plan_folds
from readership.datasets.rules import LabelRule, label_rule
from readership.errors import NotEnoughData
from readership.evaluation.leakage import Check, shuffled_labels, strongest_single_feature
from readership.models._tabular import build
from readership.pipelines.dataset import build_dataset, labels
from readership.pipelines.time_travel import FAR, MS, Span, only_window, without_future
from readership.settings import Settings
from readership.warehouse import Warehouse

TASKS = ("churn", "conversion", "engagement")
OF_SESSIONS = ("engagement",)
"""Tasks whose label reads sessions rather than events."""
LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
MODEL = ModelSpec("lightgbm", {"rounds": 50})
MOST_ROWS = 20_000


def label_window(warehouse: Warehouse, settings: Settings, span: Span) -> Check:
    """Delete what lies after the window, then before the population's lookback, then all that came after the cut-off.

    Labels must not change in the first two, nor who is asked about in the third. The newest midnight (UTC) whose
    window lies inside the log is looked at.
    """
    rows, wrong = 0, []
    for task in TASKS:
        rule = label_rule(task, settings)
        cutoff = (span.last_at - rule.horizon).replace(hour=0, minute=0, second=0, microsecond=0)
        if cutoff > span.first_at:
            count, problems = _one_window(warehouse, settings, rule, cutoff)
            rows += count
            wrong += problems
    if not rows:
        return Check("label_window", "skipped", 0, "nobody is asked about at a cut-off whose labels are mature")
    if wrong:
        return Check("label_window", "fail", rows, "; ".join(wrong[:3]), {"problems": wrong})
    return Check("label_window", "pass", rows, f"{rows} labels depend on nothing before or after their windows")


def _one_window(warehouse: Warehouse, settings: Settings, rule: LabelRule, cutoff: datetime) -> tuple[int, list[str]]:
    def ask() -> dict[int, int]:
        return dict(labels(warehouse, rule.name, cutoff, FAR, settings).select("user_id", "label").rows())

    closes_at = cutoff + rule.horizon
    full = ask()
    with only_window(warehouse, LONG_AGO, closes_at):
        nothing_after = ask()
    with only_window(warehouse, cutoff - rule.lookback, closes_at):
        nothing_before = ask()
    with without_future(warehouse, cutoff + MS, sessions=rule.task in OF_SESSIONS):
        known = ask()
    kept = nothing_before.keys() & full.keys()
    when = f"{rule.name} at {cutoff:%Y-%m-%d}"
    problems = []
    if nothing_after != full:
        problems.append(f"{when}: labels change when events after the window are deleted")
    if any(nothing_before[reader] != full[reader] for reader in kept):
        problems.append(f"{when}: labels change when events before the lookback are deleted")
    if known.keys() != full.keys():
        problems.append(f"{when}: who is asked about changes when what came after the cut-off is deleted")
    return 2 * len(full) + len(kept), problems


def dataset_checks(warehouse: Warehouse, settings: Settings, span: Span) -> Iterator[Check]:
    """A churn dataset of two cut-offs: is any feature too good, and does a model learn labels dealt at random?"""
    try:
        rule = label_rule("churn", settings)
        folds = _few(plan_folds(span.first_at, span.last_at, horizon=rule.horizon, lookback=rule.lookback))
        dataset, _ = build_dataset(warehouse, settings, "churn", folds, max_rows=MOST_ROWS)
    except NotEnoughData as error:
        yield Check("shuffled_labels", "skipped", 0, str(error))
        yield Check("strongest_single_feature", "skipped", 0, str(error))
        return
    yield shuffled_labels(dataset.at(folds.train), dataset.at(folds.test), _fit_and_score)
    yield strongest_single_feature(dataset)


def _few(folds: Folds) -> Folds:
    """One cut-off to fit on and one to judge: enough to look, quick to build."""
    train = folds.calibration[-1:]
    return Folds(train=train, valid=(), calibration=(), test=folds.test[-1:], refit=train, horizon=folds.horizon)


def _fit_and_score(train: Dataset, test: Dataset) -> NDArray[np.float64]:
    return build(MODEL).fit(train, None).margin(test.features)
