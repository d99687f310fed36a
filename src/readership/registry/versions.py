"""The versions there are, from the bundles on disk and `live.json`; MLflow is not asked."""

from pathlib import Path
from typing import Any

from readership.errors import BundleError
from readership.registry import retraining
from readership.registry.bundles import read_manifest, versions
from readership.registry.live import Live, read_live, tasks_on_disk
from readership.settings import Settings

SHOWN_METRICS = {
    "probability": ("roc_auc", "log_loss", "ece"),
    "score": ("r2", "rmse", "spearman"),
    "segment": ("silhouette", "davies_bouldin", "stability_ari"),
    "uplift": ("qini", "auuc", "ate"),
    "policy": ("ecpm", "revenue_lift", "regret_share"),
    "rank": ("hr_at_10", "mrr_at_10", "ndcg_at_10"),
}


def list_models(settings: Settings) -> list[dict[str, Any]]:
    """One row a version, newest first within its task; a bundle that cannot be read is shown with its error."""
    models = settings.artifacts_dir / "models"
    rows = []
    for task in tasks_on_disk(models):
        live = read_live(models, task)
        again = retraining.read(models, task)
        found = [_row(models / task / version, task, version, live) for version in versions(models, task)]
        for row in found:
            row["retrain"] = again.get(row["version"], {}).get("why")
        rows += sorted(found, key=lambda row: str(row.get("created_at", "")), reverse=True)
    return rows


def _row(folder: Path, task: str, version: str, live: Live) -> dict[str, Any]:
    row: dict[str, Any] = {"task": task, "version": version, "role": role(version, live)}
    try:
        manifest = read_manifest(folder)
    except BundleError as error:
        return {**row, "error": str(error)}
    shown = SHOWN_METRICS[manifest.answer]
    metrics = {name: manifest.metrics.get(name, {}).get("value") for name in shown}
    return {
        **row,
        "model": manifest.model.name,
        "population": manifest.population,
        "created_at": manifest.created_at,
        "trained_until": manifest.trained_until,
        **metrics,
    }


def role(version: str, live: Live) -> str:
    """champion, challenger or archived."""
    return {live.champion: "champion", live.challenger: "challenger"}.get(version, "archived")
