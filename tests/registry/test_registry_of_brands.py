"""A brand's versions and champion are its own; those of the whole publisher stay as they are."""

import json
from dataclasses import asdict

from registry_world import a_dataset, an_evaluation

from readership.datasets.store import DatasetManifest, save
from readership.registry.live import read_live
from readership.registry.mlflow_registry import MlflowRegistry
from readership.registry.promotion import promote, register, sync
from readership.registry.versions import list_models


def test_a_brand_s_champion_is_not_the_publisher_s(registry_settings, bundle, dataset_hash):
    brand = registry_settings.model_copy(update={"brand": "Le Monde"})
    longer = registry_settings.model_copy(update={"brand": "Le Monde Diplo"})
    register(registry_settings, bundle("v1", 1.0), an_evaluation())
    promote(registry_settings, "churn", by="test")
    whole = registry_settings.artifacts_dir / "models" / "churn" / "v1"
    (brand.artifacts_dir / "models" / "churn").mkdir(parents=True)
    dataset, manifest = a_dataset()
    save(dataset, manifest, brand.artifacts_dir / "datasets" / "churn")
    copied = brand.artifacts_dir / "models" / "churn" / "v1"
    copied.mkdir()
    for file in whole.iterdir():
        (copied / file.name).write_bytes(file.read_bytes())
    assert list_models(brand)[0]["version"] == "v1"
    assert MlflowRegistry.open(brand).tasks() == []
    register(brand, copied, an_evaluation())
    assert MlflowRegistry.open(brand).tasks() == MlflowRegistry.open(registry_settings).tasks() == ["churn"]
    assert MlflowRegistry.open(longer).tasks() == []
    assert MlflowRegistry.open(brand).alias("churn", "champion") is None
    assert MlflowRegistry.open(registry_settings).alias("churn", "champion") == "v1"
    assert read_live(brand.artifacts_dir / "models", "churn").champion is None
    promote(brand, "churn", by="test")
    assert read_live(brand.artifacts_dir / "models", "churn").champion == "v1"
    sync(registry_settings)
    sync(brand)
    assert read_live(registry_settings.artifacts_dir / "models", "churn").champion == "v1"
    assert MlflowRegistry.open(longer).tasks() == []


def test_a_manifest_written_before_there_were_brands_is_read():
    _, manifest = a_dataset()
    old = asdict(manifest)
    del old["brand"]
    assert DatasetManifest.from_json(json.dumps(old)).brand is None
