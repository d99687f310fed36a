"""`--tune N`: the candidates with what a search found; without it they stay as they come."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tabular_world import world

from readership.contracts import Folds, ModelSpec
from readership.errors import InputError
from readership.pipelines.progress import Progress
from readership.pipelines.tasks import Order, train
from readership.pipelines.tuning import tuned
from readership.settings import Settings

SPECS = [ModelSpec("logistic_regression"), ModelSpec("xgboost"), ModelSpec("blend")]
MONTHS = [datetime(2025, month, 1, tzinfo=UTC) for month in (1, 2, 3, 4)]
FOLDS = Folds(tuple(MONTHS[:2]), (MONTHS[2],), (), (MONTHS[3],), tuple(MONTHS[:3]), timedelta(days=28))


def test_without_trials_nothing_is_searched_and_nothing_written(tmp_path: Path) -> None:
    journal = tmp_path / "churn.jsonl"
    assert tuned(SPECS, world(readers=100), FOLDS, journal, 0, Progress()) == (SPECS, {})
    assert not list(tmp_path.iterdir())


def test_what_is_found_goes_into_the_candidates_their_blend_and_the_protocol(tmp_path: Path, capsys) -> None:
    dataset = world(readers=150)
    found = tuned(SPECS, dataset, FOLDS, tmp_path / "churn.jsonl", 12, Progress())
    settings = {spec.name: spec.parameters for spec in found.specs}
    losses = found.protocol["tuning"]["validation_loss"]
    assert found.protocol["tuning"]["trials"] == 12
    assert set(losses) == {"logistic_regression", "xgboost"}
    better = [name for name, loss in losses.items() if loss["best"] < loss["as_it_comes"]]
    assert better, "twelve trials on this world find something"
    assert all(bool(settings[name]) == (name in better) for name in losses)
    assert settings["blend"] == {name: settings[name] for name in settings["blend"]}
    assert set(settings["blend"]) == set(losses)
    assert "as it comes" in capsys.readouterr().err


def test_the_test_rows_change_nothing_about_the_search(tmp_path: Path) -> None:
    dataset = world(readers=100)
    other = dataset.take(dataset.as_of < dataset.as_of.max())
    one = tuned(SPECS[:1], dataset, FOLDS, tmp_path / "one.jsonl", 4, Progress())
    two = tuned(SPECS[:1], other, FOLDS, tmp_path / "two.jsonl", 4, Progress())
    assert one == two


def test_a_population_that_a_task_has_not_is_refused() -> None:
    with pytest.raises(InputError, match="conversion asks about one population only"):
        train(None, Settings(), MONTHS[0], "conversion", Order("subscribers"), Progress())
