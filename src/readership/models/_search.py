"""Better settings for the candidates, looked for on validation rows alone, by Optuna; a search can be gone on with.

One study over all candidates: each trial fits one of them with settings that past trials make look promising (TPE),
on `train`, stopped and judged on `valid`. The first trials are the candidates as they come, so settings found are used
only where they beat these.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, Model, ModelSpec
from readership.models._rows import labelled

Loss = Callable[[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]], float]
"""Of label, margin and weight [n]; less is better."""


class Found(NamedTuple):
    """The best settings of one candidate.

    loss, usual_loss  on the validation rows, with the settings found and as the candidate comes
    """

    spec: ModelSpec
    loss: float
    usual_loss: float


def _logistic_regression(trial: Any) -> dict[str, Any]:
    return {"C": trial.suggest_float("C", 1e-4, 10.0, log=True)}


def _random_forest(trial: Any) -> dict[str, Any]:
    return {
        "leaf_rows": trial.suggest_int("leaf_rows", 5, 200, log=True),
        "row_share": trial.suggest_float("row_share", 0.2, 1.0),
    }


def _xgboost(trial: Any) -> dict[str, Any]:
    return {
        "eta": trial.suggest_float("eta", 0.01, 0.2, log=True),
        "max_depth": trial.suggest_int("max_depth", 2, 7),
        "min_child_weight": trial.suggest_float("min_child_weight", 1.0, 200.0, log=True),
        "subsample": trial.suggest_float("subsample", 0.4, 1.0),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.1, 1.0),
        "lambda": trial.suggest_float("lambda", 0.1, 100.0, log=True),
    }


def _lightgbm(trial: Any) -> dict[str, Any]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.2, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 4, 64, log=True),
        "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 10, 400, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.1, 1.0),
        "bagging_fraction": trial.suggest_float("bagging_fraction", 0.4, 1.0),
        "lambda_l2": trial.suggest_float("lambda_l2", 0.1, 100.0, log=True),
    }


def _neural_network(trial: Any) -> dict[str, Any]:
    return {
        "units": trial.suggest_int("units", 8, 64, log=True),
        "alpha": trial.suggest_float("alpha", 0.01, 100.0, log=True),
    }


def _ridge(trial: Any) -> dict[str, Any]:
    return {"alpha": trial.suggest_float("alpha", 0.001, 10.0, log=True)}


def _gru(trial: Any) -> dict[str, Any]:
    return {
        "units": trial.suggest_int("units", 4, 64, log=True),
        "rate": trial.suggest_float("rate", 0.0005, 0.02, log=True),
        "decay": trial.suggest_float("decay", 1e-6, 1e-2, log=True),
    }


SPACES: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "logistic_regression": _logistic_regression,
    "random_forest": _random_forest,
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
    "neural_network": _neural_network,
    "ridge": _ridge,
    "lightgbm_regression": _lightgbm,
    "xgboost_regression": _xgboost,
    "gru": _gru,
}
"""What is looked for, by candidate; candidates made of others have no settings of their own."""


def search(
    specs: Sequence[ModelSpec],
    train: Dataset,
    valid: Dataset,
    build: Callable[[ModelSpec], Model],
    loss: Loss,
    journal: Path,
    trials: int,
    each: Callable[[Iterable[int]], Iterator[int]] = iter,
) -> dict[str, Found]:
    """Fit until there are `trials` finished trials in all; the best settings of each candidate tried, by name.

    `journal` keeps what was tried on these rows, so that the same call goes on where another stopped, even by force,
    and one that has finished fits nothing. `each` wraps the loop, to show how far it is.
    """
    usual = {spec.name: spec for spec in specs if spec.name in SPACES}
    rows = labelled(valid)
    opened = _open(journal, next(iter(usual.values())).seed)
    for number in each(range(len(_finished(opened)), trials)):
        trial = opened.ask()
        spec = _as_it_comes(trial, usual, number) or _suggested(trial, usual)
        model = build(spec).fit(train, valid)
        trial.set_user_attr("spec", {"name": spec.name, "parameters": dict(spec.parameters)})
        opened.tell(trial, loss(rows.label, model.margin(rows.features), rows.weight))
    return _best(opened, usual)


def _open(journal: Path, seed: int) -> Any:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    journal.parent.mkdir(parents=True, exist_ok=True)
    storage = JournalStorage(JournalFileBackend(str(journal), JournalFileOpenLock(str(journal))))
    opened = optuna.create_study(study_name=journal.stem, storage=storage, load_if_exists=True)
    opened.sampler = optuna.samplers.TPESampler(seed=seed + len(_finished(opened)))
    return opened


def _finished(opened: Any) -> list[Any]:
    from optuna.trial import TrialState

    return list(opened.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))


def _as_it_comes(trial: Any, usual: Mapping[str, ModelSpec], number: int) -> ModelSpec | None:
    """The first trials are the candidates unchanged, one after another."""
    if number >= len(usual):
        return None
    trial.set_user_attr("usual", True)
    return list(usual.values())[number]


def _suggested(trial: Any, usual: Mapping[str, ModelSpec]) -> ModelSpec:
    name = trial.suggest_categorical("model", list(usual))
    return ModelSpec(name, SPACES[name](trial), usual[name].seed)


def _best(opened: Any, usual: Mapping[str, ModelSpec]) -> dict[str, Found]:
    found: dict[str, Found] = {}
    trials = _finished(opened)
    came = {t.user_attrs["spec"]["name"]: t.value for t in trials if t.user_attrs.get("usual")}
    for trial in sorted(trials, key=lambda trial: trial.value):
        spec = trial.user_attrs["spec"]
        if spec["name"] in came and spec["name"] not in found:
            kept = ModelSpec(spec["name"], spec["parameters"], usual[spec["name"]].seed)
            found[spec["name"]] = Found(kept, trial.value, came[spec["name"]])
    return found
