"""May an expected score be believed, and what should be done next: in words, from the evaluation alone."""

from collections.abc import Iterator
from typing import Any

from readership.contracts import Metric
from readership.evaluation.trust import weighed

FEW_READERS = 300
LARGE_SHIFT = 3.0
PLAIN = {
    "global_mean": "one score for everybody",
    "last_score": "saying that it will be as last time",
    "reader_mean": "saying that it will be as usual for this reader",
    "gru": "the recurrent network",
    "xgboost_regression": "XGBoost",
    "lightgbm_regression": "LightGBM",
}


def trust(evaluation: dict[str, Any]) -> dict[str, Any]:
    """See `weighed`."""
    return weighed(evaluation, _grave, _lesser, _good)


def sentence(evaluation: dict[str, Any]) -> str:
    """What the model is worth to an editor: the next visits of the tenths expected to read most and least deeply."""
    groups = evaluation["curves"]["by_group"]
    return (
        f"The tenth of readers we expect to read most deeply score {_points(groups[-1]['observed'])} of 100 on their "
        f"next visit, the tenth we expect least of {_points(groups[0]['observed'])}; all readers, "
        f"{evaluation['label']['mean']:.0f}."
    )


def next_steps(evaluation: dict[str, Any]) -> list[str]:
    """What to do with this model, most pressing first."""
    return list(_steps(evaluation))


def _grave(evaluation: dict[str, Any]) -> Iterator[str]:
    if evaluation["leakage"].get("verdict") == "leak":
        yield "the leakage audit found that something knew the future; see `readership audit leakage`"
    for name, floor in evaluation["floors"].items():
        if floor["difference_to_champion"]["rmse"]["value"] <= 0:
            yield f"it is no better than {_plain(name)}, which needs no model"


def _lesser(evaluation: dict[str, Any]) -> Iterator[str]:
    if evaluation["leakage"].get("verdict") not in ("clean", "leak"):
        yield "the leakage audit has not compared anything yet; run `readership audit leakage`"
    for name, floor in evaluation["floors"].items():
        difference = floor["difference_to_champion"]["rmse"]
        low = difference["ci95"][0]
        if difference["value"] > 0 and low is not None and low <= 0:
            yield f"its advantage over {_plain(name)} is within the noise"
    if evaluation["label"]["readers_test"] < FEW_READERS:
        yield f"it was tested on {evaluation['label']['readers_test']:,} readers only"
    if shift := _shift(evaluation["level"]):
        yield f"it expects {abs(shift):.1f} points {'more' if shift > 0 else 'less'} than were observed on average"
    yield from _overtaken(evaluation)


def _overtaken(evaluation: dict[str, Any]) -> Iterator[str]:
    """Candidates that were better on the test dates beyond doubt: the choice on earlier dates did not hold."""
    ahead = {name: found["difference_to_champion"]["rmse"] for name, found in evaluation["candidates"].items()}
    sure = {name: d for name, d in ahead.items() if d["ci95"][1] is not None and d["ci95"][1] < 0}
    if sure:
        name = min(sure, key=lambda n: sure[n]["value"])
        yield (
            f"chosen on earlier dates, it was overtaken: {_plain(name)} is better here by {-sure[name]['value']:.2f} "
            "points of RMSE, beyond doubt"
        )


def _steps(evaluation: dict[str, Any]) -> Iterator[str]:
    if evaluation["trust"]["level"] == "low":
        yield "Do not act on these scores yet: first resolve what stands under trust."
    else:
        yield (
            "Offer long reads and a newsletter to the tenth of readers expected to read most deeply, and leave a "
            "random half of them as before: only that shows whether it helps."
        )
    if evaluation["leakage"].get("verdict") not in ("clean", "leak"):
        yield "Run `readership audit leakage`."
    oracle, goal = evaluation["oracle"], evaluation["goal"]
    if oracle and goal:
        reached = "reached" if goal["met"] else "not reached"
        ceiling = oracle["r2"]["value"] + oracle["r2_lost_to_draws"]
        yield (
            f"The model explains {goal['reached']:.0%} of what an oracle does who sees every reader's hidden state "
            f"(goal {goal['efficiency']:.0%}, {reached}); even the oracle explains only {ceiling:.0%} of "
            "how visits differ, the rest is the chance of the day."
        )
    for reason in evaluation["left_out"].values():
        yield f"{reason[0].upper()}{reason[1:]}."


def _shift(level: Metric) -> float:
    """Points by which expected scores lie too high on average; 0 where that is little, or may be noise."""
    value, (low, high) = level["value"], level["ci95"]
    beyond = low is not None and (low > 0 or high < 0)
    return float(value) if abs(value) > LARGE_SHIFT and beyond else 0.0


def _points(metric: Metric) -> str:
    low, high = metric["ci95"]
    return f"{metric['value']:.0f}" + ("" if low is None else f" [{low:.0f}–{high:.0f}]")


def _plain(name: str) -> str:
    return PLAIN.get(name, name.replace("_", " "))


def _good(evaluation: dict[str, Any]) -> str:
    r2 = evaluation["metrics"]["r2"]["value"]
    return (
        f"judged on {evaluation['label']['readers_test']:,} readers at later dates, better than every rule of "
        f"thumb beyond doubt, right on average, and the leakage audit is clean; it explains {r2:.0%} of how visits "
        "differ, so trust it for groups of readers, not for a single visit"
    )
