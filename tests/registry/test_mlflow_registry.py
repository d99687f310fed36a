"""What MLflow holds of a bundle; and that it is quiet, lazy and never asked to load a model."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from registry_world import an_evaluation

from readership.errors import RegistryError
from readership.registry.mlflow_registry import MlflowRegistry
from readership.registry.promotion import register
from readership.settings import Settings


@pytest.fixture
def client(registry_settings, bundle):
    register(registry_settings, bundle("v1", 1.0), an_evaluation())
    from mlflow import MlflowClient

    return MlflowClient(registry_settings.registry_uri, registry_uri=registry_settings.registry_uri)


def test_a_version_is_a_run_with_parameters_metrics_and_the_bundle(client, tmp_path):
    (version,) = client.search_model_versions("name='readership-churn'")
    run = client.get_run(version.run_id)
    assert run.data.params["model"] == "logistic_regression"
    assert run.data.params["model.C"] == "0.05"
    assert run.data.params["trained_until"] == "2026-01-29T00:00:00+00:00"
    assert run.data.metrics["roc_auc"] == 0.8
    assert (run.data.metrics["roc_auc_low"], run.data.metrics["roc_auc_high"]) == (0.75, 0.85)
    assert "log_loss_low" not in run.data.metrics
    assert run.data.tags["sql.activity.sql"] == "ab12"
    assert run.info.status == "FINISHED"
    place = Path(client.download_artifacts(version.run_id, "", str(tmp_path)))
    assert {path.name for path in (place / "bundle").iterdir()} == {"manifest.json", "model.onnx", "calibrator.npz"}
    assert json.loads((place / "evaluation.json").read_text())["champion"] == "logistic_regression"


def test_artifacts_lie_beside_the_database_not_in_the_working_folder(client, registry_settings):
    (version,) = client.search_model_versions("name='readership-churn'")
    place = registry_settings.root / "var" / "mlflow-artifacts" / "churn"
    assert client.get_run(version.run_id).info.artifact_uri.startswith(place.as_uri())
    assert not Path("mlruns").exists()


def test_adding_twice_adds_nothing(client, registry_settings):
    folder = registry_settings.artifacts_dir / "models" / "churn" / "v1"
    MlflowRegistry.open(registry_settings).add(folder, an_evaluation())
    assert len(client.search_model_versions("name='readership-churn'")) == 1


def test_a_store_that_is_no_database_is_named(settings):
    path = settings.root / "notes.db"
    path.write_text("not a database, " * 100)
    with pytest.raises(RegistryError, match=r"notes\.db.*READERSHIP_REGISTRY"):
        MlflowRegistry.open(Settings(registry=f"sqlite:///{path}")).tasks()


def test_the_modules_import_without_mlflow_and_telemetry_is_off_before_it_comes(tmp_path):
    script = (
        "import sys, os\n"
        "import readership.registry.promotion, readership.registry.versions\n"
        "assert not [m for m in sys.modules if m.split('.')[0] in ('mlflow', 'sqlalchemy')], 'imported early'\n"
        "class Watch:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'mlflow':\n"
        "            assert os.environ['MLFLOW_DISABLE_TELEMETRY'] == 'true'\n"
        "            raise ModuleNotFoundError('stop here')\n"
        "sys.meta_path.insert(0, Watch())\n"
        "from readership.settings import Settings\n"
        "from readership.errors import MissingExtra\n"
        "try:\n"
        "    readership.registry.promotion.MlflowRegistry.open(Settings())\n"
        "except MissingExtra as error:\n"
        "    print(error)\n"
    )
    env = {"READERSHIP_HOME": str(tmp_path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False)
    assert "readership[train]" in done.stdout, done.stderr
