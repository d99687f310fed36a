"""A small world whose true probabilities are known, judged once for all tests of this folder."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from readership.contracts import Dataset
from readership.evaluation.evaluate import Facts, Scores, evaluate_binary

CUTOFFS = ("2026-06-01", "2026-06-29", "2026-07-27")


def _make_rows(cutoffs: tuple[str, ...], seed: int, readers: int = 600) -> tuple[Dataset, np.ndarray]:
    """Readers of differing taste, half of them active at each cut-off, and their true probabilities."""
    rng = np.random.default_rng(seed)
    taste = rng.normal(size=readers)
    active = [np.flatnonzero(rng.random(readers) < 0.5) for _ in cutoffs]
    reader = np.concatenate(active)
    truth = 1 / (1 + np.exp(0.7 - 1.3 * taste[reader] - 0.4 * rng.normal(size=len(reader))))
    label = (rng.random(len(reader)) < truth).astype(np.float32)
    rows = Dataset(
        task="churn",
        features=np.zeros((len(reader), 1), np.float32),
        names=("nothing",),
        label=label,
        reader=reader.astype(np.uint64),
        as_of=np.concatenate([np.full(len(a), np.datetime64(c, "ms")) for a, c in zip(active, cutoffs, strict=True)]),
        weight=np.ones(len(reader)),
        slices={
            "country": rng.choice(["DE", "FR", "LU"], len(reader), p=[0.6, 0.395, 0.005]),
            "tier": rng.choice(["free", ""], len(reader)),
        },
    )
    return rows, truth


def _blurred(truth: np.ndarray, amount: float, seed: int) -> np.ndarray:
    """Probabilities of a model that knows the truth only roughly."""
    margin = np.log(truth / (1 - truth)) + amount * np.random.default_rng(seed).normal(size=len(truth))
    return 1 / (1 + np.exp(-margin / np.sqrt(1 + amount**2)))


def _make_facts(**changes: Any) -> Facts:
    """Facts of a made-up run."""
    facts: dict[str, Any] = {
        "question": "Which registered readers will stay away for the next 28 days?",
        "who_acts": "The audience editor decides whom the newsletter team writes to.",
        "outcome": "leave",
        "definition": "registered, seen in the last 56 days; 1 when nothing is seen in the next 28",
        "n_train": 21_034,
        "data": {"source": "simulator", "events": 912_034, "readers": 600, "from": "2026-01-01", "to": "2026-08-24"},
        "protocol": {
            "split": "temporal",
            "train_as_of": ["2026-02-26T00:00:00Z", "2026-03-26T00:00:00Z"],
            "valid_as_of": ["2026-04-06T00:00:00Z"],
            "test_as_of": [f"{c}T00:00:00Z" for c in CUTOFFS],
            "horizon_days": 28,
        },
        "leakage": {
            "time_travel": "pass",
            "shuffled_label_auc": 0.501,
            "strongest_single_feature": {"name": "days_since_last_session", "auc": 0.71},
            "verdict": "clean",
        },
        "drivers": [
            {
                "name": "days_since_last_session",
                "meaning": "days since the last session ended",
                "strength": 0.61,
                "direction": "rises with it",
            },
            {
                "name": "active_days_28d",
                "meaning": "days with a session in the last 28",
                "strength": 0.4,
                "direction": "falls with it",
            },
        ],
        "timings": {"train": 12.5},
    }
    return Facts(**{**facts, **changes})


def _make_evaluation(*, oracle: bool = True, facts: Facts | None = None, replicates: int = 100) -> dict[str, Any]:
    """A whole evaluation of blurred truths."""
    test, truth = _make_rows(CUTOFFS, seed=0)
    valid, valid_truth = _make_rows(("2026-04-06",), seed=1, readers=1200)
    candidates = {"xgboost": _blurred(truth, 0.5, 1), "logistic_regression": _blurred(truth, 0.8, 2)}
    floors = {
        "base_rate": np.full(len(truth), 0.37),
        "recency": _blurred(truth, 2.5, 3),
        "logistic_regression": candidates["logistic_regression"],
    }
    return evaluate_binary(
        test,
        Scores("xgboost", candidates, floors, truth if oracle else None),
        facts or _make_facts(),
        valid=valid,
        valid_probability=_blurred(valid_truth, 0.5, 4),
        replicates=replicates,
    )


@pytest.fixture(scope="session")
def evaluation() -> dict[str, Any]:
    """Treat as read-only."""
    return _make_evaluation()


@pytest.fixture(scope="session")
def cutoffs() -> tuple[str, ...]:
    """Test cut-offs of the made-up world."""
    return CUTOFFS


@pytest.fixture(scope="session")
def make_rows() -> Callable[..., tuple[Dataset, np.ndarray]]:
    """Rows and their true probabilities: (cut-offs, seed, readers)."""
    return _make_rows


@pytest.fixture(scope="session")
def blurred() -> Callable[[np.ndarray, float, int], np.ndarray]:
    """Probabilities of a rough model: (truth, amount, seed)."""
    return _blurred


@pytest.fixture(scope="session")
def make_facts() -> Callable[..., Facts]:
    """Facts, with some changed."""
    return _make_facts


@pytest.fixture(scope="session")
def make_evaluation() -> Callable[..., dict[str, Any]]:
    """An evaluation: (oracle=, facts=, replicates=)."""
    return _make_evaluation
