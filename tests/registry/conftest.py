"""A registry of its own for each test: MLflow on sqlite (copied from one prepared store), bundles, a saved dataset."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from registry_world import a_dataset, a_manifest, linear_files

from readership.datasets.store import save
from readership.registry.bundles import write_bundle
from readership.registry.mlflow_registry import MlflowRegistry
from readership.settings import Settings


@pytest.fixture(scope="session")
def prepared_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty MLflow database; making its tables takes seconds, copying it does not."""
    folder = tmp_path_factory.mktemp("mlflow")
    MlflowRegistry.open(Settings(registry=f"sqlite:///{folder / 'mlflow.db'}")).tasks()
    return folder / "mlflow.db"


@pytest.fixture
def registry_settings(settings: Settings, prepared_store: Path) -> Settings:
    """Settings whose registry is an empty store in this test's folder."""
    place = Path(settings.registry_uri.removeprefix("sqlite:///"))
    place.parent.mkdir(parents=True)
    shutil.copy(prepared_store, place)
    return settings


@pytest.fixture
def dataset_hash(settings: Settings) -> str:
    """A saved dataset of 400 readers at one train and one test cut-off; the label follows `signal`."""
    dataset, manifest = a_dataset()
    save(dataset, manifest, settings.artifacts_dir / "datasets" / "churn")
    return manifest.content_hash


@pytest.fixture
def bundle(settings: Settings, dataset_hash: str) -> Callable[..., Path]:
    """Writes a linear bundle: margin = `slope` times signal."""

    def write(version: str, slope: float, **changes: Any) -> Path:
        manifest = replace(a_manifest(version, dataset_hash), **changes)
        return write_bundle(settings.artifacts_dir / "models", manifest, linear_files(slope, len(manifest.features)))

    return write
