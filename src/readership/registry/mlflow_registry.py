"""MLflow's side of the registry: a run, a version and the aliases `champion` and `challenger` for every bundle.

MLflow is imported when the registry is opened, never before: it takes seconds, and serving does without it. Bundles
are stored as plain artifacts; MLflow's own model format is not used, because loading it can run code.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self

from readership.contracts import Evaluation, Manifest
from readership.errors import MissingExtra, RegistryError
from readership.registry.bundles import read_manifest
from readership.settings import Settings, folder_name, redact

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

PREFIX = "readership-"
BUNDLE = "bundle"
EVALUATION = "evaluation.json"


class MlflowRegistry:
    """An open MLflow tracking store; versions go by the names of their bundles."""

    def __init__(self, client: "MlflowClient", artifacts: str | None, uri: str, prefix: str) -> None:
        self._client = client
        self._artifacts = artifacts
        self._uri = uri
        self._prefix = prefix

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """The configured tracking store, made when absent; telemetry is off.

        Raises MissingExtra without MLflow, RegistryError when the store cannot be opened.
        """
        uri, artifacts = settings.registry_uri, None
        prefix = f"readership.{folder_name(settings.brand)}." if settings.brand else PREFIX
        if uri.startswith("sqlite:///"):
            folder = Path(uri.removeprefix("sqlite:///")).parent
            folder.mkdir(parents=True, exist_ok=True)
            artifacts = (folder / "mlflow-artifacts").as_uri()
        client_class = _mlflow_client()
        with _translated(uri):
            return cls(client_class(uri, registry_uri=uri), artifacts, uri, prefix)

    def add(self, folder: Path, evaluation: Evaluation) -> None:
        """Record the bundle in `folder` as a run with its evaluation, and as a version; once."""
        manifest = read_manifest(folder)
        if manifest.version in self.versions(manifest.task):
            return
        with _translated(self._uri):
            run = self._client.create_run(self._experiment(manifest.task), run_name=manifest.version)
            self._log(run.info.run_id, manifest, evaluation)
            self._client.log_artifacts(run.info.run_id, str(folder), BUNDLE)
            self._client.log_dict(run.info.run_id, evaluation, EVALUATION)
            self._client.set_terminated(run.info.run_id)
            self._client.create_model_version(
                self._model(manifest.task),
                source=f"{run.info.artifact_uri}/{BUNDLE}",
                run_id=run.info.run_id,
                tags={"bundle": manifest.version},
            )

    def tasks(self) -> list[str]:
        """Tasks that have a registered model."""
        with _translated(self._uri):
            found = self._client.search_registered_models(f"name LIKE '{self._prefix}%'", max_results=100)
        return sorted(m.name.removeprefix(self._prefix) for m in found if m.name.startswith(self._prefix))

    def versions(self, task: str) -> dict[str, str]:
        """MLflow's version number of each registered bundle."""
        with _translated(self._uri):
            return {found.tags["bundle"]: str(found.version) for found in self._all(task) if "bundle" in found.tags}

    def alias(self, task: str, alias: str) -> str | None:
        """The bundle that carries an alias."""
        numbers = {number: bundle for bundle, number in self.versions(task).items()}
        if not numbers:
            return None
        with _translated(self._uri):
            aliases = self._client.get_registered_model(self._prefix + task).aliases
        return numbers.get(str(aliases[alias])) if alias in aliases else None

    def set_alias(self, task: str, alias: str, version: str | None) -> None:
        """Give an alias to a registered bundle, or take it away."""
        if version is None:
            if self.alias(task, alias) is not None:
                with _translated(self._uri):
                    self._client.delete_registered_model_alias(self._prefix + task, alias)
            return
        number = self.versions(task)[version]
        with _translated(self._uri):
            self._client.set_registered_model_alias(self._prefix + task, alias, number)

    def tag(self, task: str, version: str, tags: Mapping[str, str]) -> None:
        """Write tags on a registered bundle."""
        number = self.versions(task)[version]
        with _translated(self._uri):
            for key, value in tags.items():
                self._client.set_model_version_tag(self._prefix + task, number, key, value)

    def fetch(self, task: str, version: str, folder: Path) -> None:
        """Bring the bundle of a registered version back to `folder`, which appears whole or not at all."""
        found = next(found for found in self._all(task) if found.tags.get("bundle") == version)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _translated(self._uri), TemporaryDirectory(prefix=".fetched.", dir=folder.parent) as place:
            Path(self._client.download_artifacts(str(found.run_id), BUNDLE, place)).rename(folder)

    def _all(self, task: str) -> "Iterator[ModelVersion]":
        token = None
        while True:
            named = f"name='{self._prefix}{task}'"
            page = self._client.search_model_versions(named, max_results=1000, page_token=token)
            yield from page
            if not (token := page.token):
                return

    def _experiment(self, task: str) -> str:
        found = self._client.get_experiment_by_name(self._prefix + task)
        if found:
            return str(found.experiment_id)
        place = f"{self._artifacts}/{task}" if self._artifacts else None
        return str(self._client.create_experiment(self._prefix + task, artifact_location=place))

    def _model(self, task: str) -> str:
        name = self._prefix + task
        if not self._client.search_registered_models(f"name='{name}'"):
            self._client.create_registered_model(name)
        return name

    def _log(self, run_id: str, manifest: Manifest, evaluation: Evaluation) -> None:
        from mlflow.entities import Metric, Param, RunTag

        now = int(time.time() * 1000)
        metrics = [Metric(name, value, now, 0) for name, value in flat_metrics(evaluation, manifest).items()]
        params = [Param(name, str(value)) for name, value in parameters(manifest).items()]
        tags = [RunTag(f"sql.{name}", digest) for name, digest in manifest.sql_hashes.items()]
        self._client.log_batch(run_id, metrics=metrics, params=params, tags=tags)


def parameters(manifest: Manifest) -> dict[str, Any]:
    """What was chosen before fitting, by the name it has in MLflow."""
    return {
        "model": manifest.model.name,
        "seed": manifest.model.seed,
        **{f"model.{name}": value for name, value in manifest.model.parameters.items()},
        "calibration": manifest.calibration,
        "features": len(manifest.features),
        "horizon_days": manifest.horizon_days,
        "population": manifest.population,
        "dataset_hash": manifest.dataset_hash,
        "data_from": manifest.data_from,
        "data_to": manifest.data_to,
        "trained_until": manifest.trained_until,
    }


def flat_metrics(evaluation: Evaluation, manifest: Manifest) -> dict[str, float]:
    """Each metric and the ends of its interval as plain numbers: `roc_auc`, `roc_auc_low`, `roc_auc_high`."""
    found: dict[str, float] = {}
    for name, metric in (evaluation.get("metrics") or manifest.metrics).items():
        low, high = metric.get("ci95") or (None, None)
        values = {name: metric.get("value"), f"{name}_low": low, f"{name}_high": high}
        found |= {key: float(value) for key, value in values.items() if value is not None}
    return found


def _mlflow_client() -> "type[MlflowClient]":
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    try:
        from mlflow import MlflowClient
    except ImportError as error:
        raise MissingExtra("the registry needs MLflow: pip install 'readership[train]'") from error
    return MlflowClient


@contextmanager
def _translated(uri: str) -> Iterator[None]:
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise RegistryError(
            f"the registry {redact(uri)} refused or does not answer: {_first_line(error)}; check "
            "READERSHIP_REGISTRY; models and live.json are as before, `readership models sync` makes both agree again"
        ) from error


def _first_line(error: Exception) -> str:
    return redact(next(iter(str(error).splitlines()), type(error).__name__))[:300]
