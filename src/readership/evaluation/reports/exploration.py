"""The page of step 01: what the log is, how far it can be relied on, and what it looks like."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from readership.evaluation.reports.exploration_charts import plots
from readership.evaluation.reports.page import write_page
from readership.evaluation.reports.quality import checks, empty_fields, filled_shares

CORRELATED = (
    "sessions_28d", "active_days_28d", "article_views_28d", "engaged_seconds_28d", "completion_rate_90d",
    "article_views_per_session_90d", "days_since_last_session", "usual_gap_days", "current_gap_over_usual",
    "sessions_change_28d", "distinct_categories_90d", "hour_entropy_90d", "weekend_session_share_90d", "tenure_days",
)  # fmt: skip
FEWEST_READERS = 30


def write_exploration(findings: dict[str, Any], features: pl.DataFrame, meanings: dict[str, str], folder: Path) -> Path:
    """Write `exploration.html` and its plots; `features` are numbers, one row for each reader of the sample."""
    found = checks(findings)
    return write_page(
        folder / "exploration.html",
        "exploration.html",
        list(plots(findings, filled_shares(findings), correlations(features))),
        found=findings,
        checks=found,
        to_look_at=sum(check.state == "look" for check in found),
        empty=[name.replace("_", " ") for name in empty_fields(findings)],
        features=described(features, meanings),
        seconds=dict(zip((10, 25, 50, 75, 90), findings["sessions"]["seconds"] or [], strict=False)),
    )


def correlations(features: pl.DataFrame) -> pl.DataFrame | None:
    """Spearman correlation of each pair of the chosen features: `one`, `other`, `rho`.

    Over the readers both are known of; a feature known of fewer than 30 readers or equal for all is left out.
    None when fewer than two features remain.
    """
    usable = [
        name
        for name in CORRELATED
        if name in features.columns
        and features[name].count() >= FEWEST_READERS
        and features[name].drop_nulls().n_unique() > 1
    ]
    if len(usable) < 2:
        return None
    pairs = [(one, other) for one in usable for other in usable]
    return pl.DataFrame(
        {
            "one": [one for one, _ in pairs],
            "other": [other for _, other in pairs],
            "rho": [_spearman(features, one, other) for one, other in pairs],
        }
    )


def described(features: pl.DataFrame, meanings: dict[str, str]) -> list[dict[str, Any]]:
    """For each feature its meaning, share missing, and 10th, 50th and 90th percentile; nothing without readers."""
    if features.is_empty():
        return []
    return [
        {
            "name": name,
            "meaning": meanings[name],
            "missing": features[name].null_count() / features.height,
            "quantiles": [features[name].quantile(q) for q in (0.1, 0.5, 0.9)],
        }
        for name in features.columns
    ]


def _spearman(features: pl.DataFrame, one: str, other: str) -> float | None:
    if one == other:
        return 1.0
    both = features.select(one, other).drop_nulls()
    if both.height < FEWEST_READERS:
        return None
    ranks = both.select(pl.all().rank()).to_numpy()
    if (np.ptp(ranks, axis=0) == 0).any():
        return None
    return round(float(np.corrcoef(ranks.T)[0, 1]), 3)
