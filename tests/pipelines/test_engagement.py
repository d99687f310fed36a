"""Step 09 without a warehouse: what each fold is for, and that the test judges and does nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from tabular_world import CUTOFFS, score_world

from readership.contracts import Dataset, Folds
from readership.models import _ensemble, engagement
from readership.pipelines.engagement import ScoreFit, fit_scores

TIMES = tuple(datetime.fromisoformat(str(moment)).replace(tzinfo=UTC) for moment in CUTOFFS)
FOLDS = Folds(TIMES[:1], TIMES[1:2], TIMES[2:3], TIMES[3:], TIMES[:3], timedelta(days=14))


@pytest.fixture(autouse=True)
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ensemble, "torch_is_there", lambda: False)


def fitted(dataset: Dataset) -> ScoreFit:
    return fit_scores(dataset, FOLDS, engagement.specs())


def relabelled(dataset: Dataset, at: datetime) -> Dataset:
    """Other labels at one cut-off."""
    rows = dataset.as_of == np.datetime64(at.replace(tzinfo=None), "ms")
    return replace(dataset, label=np.where(rows, 100 - dataset.label, dataset.label).astype(np.float32))


def test_the_test_labels_change_nothing_that_was_fitted_or_chosen() -> None:
    dataset = score_world(readers=150)
    found, other = fitted(dataset), fitted(relabelled(dataset, TIMES[3]))
    assert found.choice == other.choice
    assert found.models["ensemble"].spec == other.models["ensemble"].spec
    for name, scores in found.candidates.items():
        np.testing.assert_array_equal(scores, other.candidates[name])


def test_the_ensemble_is_weighed_on_calibration_and_the_champion_chosen_on_validation() -> None:
    dataset = score_world(readers=150)
    found, other = fitted(dataset), fitted(relabelled(dataset, TIMES[2]))
    weights = [result.models["ensemble"].spec.parameters["weights"] for result in (found, other)]
    assert weights[0] != weights[1]
    alone = {name: rival for name, rival in found.choice.rivals.items() if name != "ensemble"}
    for name, rival in alone.items():
        assert rival.rmse == other.choice.rivals[name].rmse


def test_rules_of_thumb_and_scores_within_the_scale() -> None:
    dataset = score_world(readers=150)
    found = fitted(dataset)
    test = dataset.at(FOLDS.test)
    assert set(found.floors) == {"global_mean", "last_score", "reader_mean"}
    expected = test.features[:, test.names.index("score_mean_ever")]
    np.testing.assert_allclose(found.floors["reader_mean"], expected, rtol=1e-6)
    for scores in (*found.candidates.values(), *found.floors.values()):
        assert scores.min() >= 0
        assert scores.max() <= 100
    assert found.choice.champion in found.candidates
    assert found.calibrator.name == "none"
    assert found.train_rows == 450


def test_baselines_are_a_line_and_the_rules_of_thumb() -> None:
    found = fit_scores(score_world(readers=150), FOLDS, engagement.baselines())
    assert set(found.candidates) == {"ridge"}
    assert set(found.floors) == {"global_mean", "last_score", "reader_mean"}
