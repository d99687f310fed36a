"""Promotion end to end on disk: the rule, who and why, rolling back, and repair after an interruption."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from registry_world import TIERS, a_dataset, a_manifest, an_evaluation

from readership.errors import BundleError, PromotionRefused
from readership.registry import history, promotion
from readership.registry.bundles import Bundle
from readership.registry.held_out import columns_for, losses
from readership.registry.live import read_live
from readership.registry.mlflow_registry import MlflowRegistry
from readership.registry.promotion import promote, register, rollback, sync
from readership.registry.rule import Decision
from readership.registry.versions import list_models

LATER = "2026-01-29T12:00:00+00:00"


@pytest.fixture
def models(registry_settings):
    return registry_settings.artifacts_dir / "models"


@pytest.fixture
def champion(registry_settings, bundle):
    """v1: knows the signal, half as strong as it is."""
    register(registry_settings, bundle("v1", 1.0), an_evaluation())
    promote(registry_settings, "churn", by="ada")
    return "v1"


def test_a_registered_bundle_is_the_challenger_and_nothing_is_live(registry_settings, models, bundle):
    assert register(registry_settings, bundle("v1", 1.0), an_evaluation()) == "v1"
    live = read_live(models, "churn")
    assert (live.champion, live.challenger) == (None, "v1")
    assert MlflowRegistry.open(registry_settings).alias("churn", "challenger") == "v1"


def test_the_first_champion(registry_settings, models, champion):
    live = read_live(models, "churn")
    assert (live.champion, live.challenger, live.by) == ("v1", None, "ada")
    registry = MlflowRegistry.open(registry_settings)
    assert (registry.alias("churn", "champion"), registry.alias("churn", "challenger")) == ("v1", None)
    (line,) = (models / "churn" / "promotions.jsonl").read_text().splitlines()
    written = json.loads(line)
    assert written["version"] == "v1"
    assert written["by"] == "ada"
    assert written["reason"].startswith("first champion; it beats the floors base_rate, recency")


def test_the_first_champion_must_beat_the_floors(registry_settings, models, bundle):
    register(registry_settings, bundle("v1", 1.0), an_evaluation(recency=(0.0, [-0.01, 0.01])))
    with pytest.raises(PromotionRefused, match=r"floor 'recency'.*nothing changed.*--force --why"):
        promote(registry_settings, "churn")
    assert read_live(models, "churn").champion is None


def test_what_an_experiment_showed_stands_in_place_of_the_rule(registry_settings, models, bundle, champion):
    register(registry_settings, bundle("v2", 1.0), an_evaluation())  # on held-out rows no better than v1
    against = Decision(False, "experiment 'e': active_days +0.01 [-0.09, +0.11], open; its verdict is 'wait'")
    with pytest.raises(PromotionRefused, match=r"active_days \+0.01 \[-0.09, \+0.11\].*nothing changed"):
        promote(registry_settings, "churn", "v2", proof=against)
    assert read_live(models, "churn").champion == "v1"
    shown = {"value": 0.3, "ci95": [0.2, 0.4]}
    done = promote(registry_settings, "churn", "v2", proof=Decision(True, "experiment 'e': active_days +0.3", shown))
    assert (done.version, done.forced, done.difference) == ("v2", False, shown)
    assert read_live(models, "churn").why == "experiment 'e': active_days +0.3"


def test_a_superior_challenger_takes_over(registry_settings, models, bundle, champion):
    register(registry_settings, bundle("v2", 2.0), an_evaluation())
    done = promote(registry_settings, "churn", why="better in spring", by="bo")
    assert (done.version, done.replaced, done.forced) == ("v2", "v1", False)
    assert done.difference["ci95"][1] < 0
    assert done.reason.startswith("superior")
    assert read_live(models, "churn").why == "better in spring"


def test_a_worse_challenger_is_refused_and_nothing_changes(registry_settings, models, bundle, champion):
    register(registry_settings, bundle("v2", -1.0), an_evaluation())
    before = read_live(models, "churn")
    with pytest.raises(PromotionRefused, match=r"not superior: log loss \+.* 400 held-out rows of 400 readers"):
        promote(registry_settings, "churn")
    assert read_live(models, "churn") == before
    assert MlflowRegistry.open(registry_settings).alias("churn", "champion") == "v1"
    assert len(history.read(models / "churn")) == 1


def test_an_equal_challenger_needs_newer_data(registry_settings, bundle, champion):
    register(registry_settings, bundle("v2", 1.0), an_evaluation())
    with pytest.raises(PromotionRefused, match="not trained on newer data"):
        promote(registry_settings, "churn")
    register(registry_settings, bundle("v3", 1.0, trained_until="2026-01-29T00:00:00.001+00:00"), an_evaluation())
    assert promote(registry_settings, "churn").reason.startswith("newer data and not worse by more than 0.01")


def test_force_needs_a_reason_and_records_what_the_rule_said(registry_settings, bundle, champion):
    register(registry_settings, bundle("v2", -1.0), an_evaluation())
    with pytest.raises(PromotionRefused, match="needs a reason"):
        promote(registry_settings, "churn", force=True)
    done = promote(registry_settings, "churn", force=True, why="the champion's data was wrong")
    assert done.forced
    assert done.reason.startswith("forced, though not superior")
    assert done.why == "the champion's data was wrong"


def test_force_is_not_noted_where_the_rule_allowed_it(registry_settings, bundle, champion):
    register(registry_settings, bundle("v2", 2.0), an_evaluation())
    assert not promote(registry_settings, "churn", force=True, why="in a hurry").forced


def test_nothing_to_promote(registry_settings, champion):
    with pytest.raises(PromotionRefused, match="no challenger; `readership train churn` makes one"):
        promote(registry_settings, "churn")
    with pytest.raises(PromotionRefused, match="is the champion already"):
        promote(registry_settings, "churn", "v1")
    with pytest.raises(BundleError, match="`readership models list`"):
        promote(registry_settings, "churn", "v9")


def test_an_altered_bundle_never_goes_live(registry_settings, models, bundle, champion):
    folder = bundle("v2", 2.0)
    register(registry_settings, folder, an_evaluation())
    (folder / "model.onnx").write_bytes(b"altered")
    with pytest.raises(BundleError, match="altered"):
        promote(registry_settings, "churn", force=True, why="anyway")
    assert read_live(models, "churn").champion == "v1"


def test_versions_cannot_be_compared_without_the_dataset(registry_settings, bundle, champion):
    register(registry_settings, bundle("v2", 2.0), an_evaluation())
    shutil.rmtree(registry_settings.artifacts_dir / "datasets")
    with pytest.raises(PromotionRefused, match=r"is not in .*train again"):
        promote(registry_settings, "churn")
    assert promote(registry_settings, "churn", force=True, why="disk was lost").forced


def test_rows_a_version_was_trained_on_never_count(registry_settings, bundle, champion):
    register(registry_settings, bundle("v2", 2.0, trained_until=LATER), an_evaluation())
    with pytest.raises(PromotionRefused, match="no test row later than what it was trained on"):
        promote(registry_settings, "churn")


def test_a_feature_the_newer_dataset_lacks_is_named(settings, bundle):
    old = Bundle.load(bundle("v1", 1.0, features=("gone",), trained_until="2025-12-01T00:00:00+00:00"))
    new = Bundle.load(bundle("v2", 1.0))
    with pytest.raises(PromotionRefused, match=r"v1 reads 1 features .* \(first: 'gone'\)"):
        losses(old, new, settings.artifacts_dir / "datasets")


def test_columns_follow_each_version_s_order_and_vocabulary():
    dataset, _ = a_dataset(3)
    dataset.features[:, 2] = [0, 1, 2, np.nan, 0, 1]
    manifest = replace(
        a_manifest("v", ""), features=("tier", "signal"), categories={"tier": ("pro", TIERS[1], TIERS[0])}
    )
    matrix = columns_for(manifest, dataset)
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix[:, 0], [2, 1, 3, np.nan, 2, 1])
    np.testing.assert_array_equal(matrix[:, 1], dataset.features[:, 0])


def test_rollback_walks_back_and_never_forth(registry_settings, models, bundle, champion):
    for version, slope in (("v2", 1.5), ("v3", 2.0)):
        register(registry_settings, bundle(version, slope), an_evaluation())
        promote(registry_settings, "churn", force=True, why="next")
    assert rollback(registry_settings, "churn", why="complaints").version == "v2"
    done = rollback(registry_settings, "churn")
    assert (done.version, done.replaced, done.action) == ("v1", "v2", "rollback")
    assert read_live(models, "churn").champion == "v1"
    assert MlflowRegistry.open(registry_settings).alias("churn", "champion") == "v1"
    with pytest.raises(PromotionRefused, match="has had no champion before v1"):
        rollback(registry_settings, "churn")


def test_sync_finds_nothing_to_repair(registry_settings, champion):
    assert sync(registry_settings) == {"tasks": ["churn"], "repaired": []}


def test_sync_completes_a_promotion_that_was_interrupted(registry_settings, models, bundle, champion, monkeypatch):
    """The alias had moved, live.json had not."""
    register(registry_settings, bundle("v2", 2.0), an_evaluation())
    with monkeypatch.context() as broken:
        broken.setattr(promotion, "write_live", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            promote(registry_settings, "churn")
    assert read_live(models, "churn").champion == "v1"
    sync(registry_settings)
    live = read_live(models, "churn")
    assert (live.champion, live.challenger) == ("v2", None)
    assert history.read(models / "churn")[-1].version == "v2"
    assert sync(registry_settings)["repaired"] == []
    assert rollback(registry_settings, "churn").version == "v1"


def test_sync_restores_a_lost_registry_from_disk(registry_settings, models, bundle, champion, prepared_store):
    register(registry_settings, bundle("v2", 2.0), an_evaluation())
    lost = replace_store(registry_settings, prepared_store)
    repaired = sync(lost)["repaired"]
    assert "churn v1: alias champion set from live.json" in repaired
    registry = MlflowRegistry.open(lost)
    assert (registry.alias("churn", "champion"), registry.alias("churn", "challenger")) == ("v1", "v2")
    assert set(registry.versions("churn")) == {"v1", "v2"}


def test_sync_brings_lost_bundles_back_from_the_registry(registry_settings, models, champion):
    shutil.rmtree(models)
    assert "churn v1: brought back from the registry" in sync(registry_settings)["repaired"]
    assert read_live(models, "churn").champion == "v1"
    assert Bundle.load(models / "churn" / "v1").score(np.zeros((1, 1), np.float32)) == pytest.approx([0.5])


def test_sync_writes_a_broken_live_file_anew(registry_settings, models, champion):
    (models / "churn" / "live.json").write_text("{")
    sync(registry_settings)
    assert read_live(models, "churn").champion == "v1"


def test_a_broken_line_of_history_is_named(registry_settings, models, champion):
    with (models / "churn" / "promotions.jsonl").open("a") as file:
        file.write("half a li\n")
    with pytest.raises(BundleError, match=r"promotions\.jsonl line 2 cannot be read"):
        rollback(registry_settings, "churn")


def test_the_list_of_models_names_roles_and_broken_bundles(registry_settings, models, bundle, champion):
    register(registry_settings, bundle("v2", 2.0), an_evaluation())
    bundle("v3", 3.0)
    (models / "churn" / "v0").mkdir()
    (models / "churn" / "v0" / "manifest.json").write_text("{")
    rows = list_models(registry_settings)
    assert [(row["version"], row["role"]) for row in rows] == [
        ("v3", "archived"),
        ("v2", "challenger"),
        ("v1", "champion"),
        ("v0", "archived"),
    ]
    assert rows[0]["roc_auc"] == 0.8
    assert "cannot be read" in rows[-1]["error"]


def test_no_models_is_an_empty_list(settings):
    assert list_models(settings) == []


def replace_store(settings, prepared_store):
    place = settings.root / "var" / "fresh" / "mlflow.db"
    place.parent.mkdir(parents=True)
    shutil.copy(prepared_store, place)
    return settings.model_copy(update={"registry": f"sqlite:///{place}"})
