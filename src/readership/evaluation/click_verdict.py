"""May a click model be believed, and what should be done next: in words, from the evaluation alone."""

from collections.abc import Iterator
from typing import Any

from readership.contracts import Metric
from readership.evaluation.trust import weighed

FEW_READERS, LARGE_ECE = 300, 0.02
GOALS = {"auc_efficiency": (0.80, 0.90), "ece": (0.01, 0.01)}
"""What must be reached and what is hoped for; reported, never tuned for."""
PLAIN = {
    "base_rate": "one rate for everything",
    "place_only": "the rate of the place on the page",
    "item_rate": "the item's own click rate",
}


def trust(evaluation: dict[str, Any]) -> dict[str, Any]:
    """See `weighed`."""
    return weighed(evaluation, _grave, _lesser, _good)


def sentence(evaluation: dict[str, Any]) -> str:
    """What the model is worth to an editor: clicks in the tenth of impressions likeliest to be clicked."""
    rate, lift = evaluation["label"]["base_rate"], evaluation["metrics"]["lift_top_decile"]
    low, high = lift["ci95"]
    scale = 1000 * rate
    within = "" if low is None else f" [{scale * low:,.0f}–{scale * high:,.0f}]"
    return (
        f"Of 1,000 impressions in the tenth likeliest to be clicked, {scale * lift['value']:,.0f}{within} are; "
        f"of 1,000 picked at random, {scale:,.0f}."
    )


def targets(evaluation: dict[str, Any]) -> dict[str, Any]:
    """Each goal: what is wanted, what was reached, and whether that is enough."""
    ece, oracle = evaluation["metrics"]["ece"], evaluation["oracle"]
    found = {"ece": _target("ece", ece, ece["value"] <= GOALS["ece"][0])}
    if oracle:
        reached = {"value": oracle["efficiency"], "ci95": oracle["efficiency_ci95"]}
        found["auc_efficiency"] = _target("auc_efficiency", reached, reached["value"] >= GOALS["auc_efficiency"][0])
    return found


def next_steps(evaluation: dict[str, Any]) -> list[str]:
    """What to do with this model, most pressing first."""
    return list(_steps(evaluation))


def _target(name: str, reached: Metric, met: bool) -> dict[str, Any]:
    wanted, goal = GOALS[name]
    return {"wanted": wanted, "goal": goal, "reached": reached["value"], "ci95": reached["ci95"], "met": bool(met)}


def _grave(evaluation: dict[str, Any]) -> Iterator[str]:
    if evaluation["leakage"].get("verdict") == "leak":
        yield "the leakage audit found that something knew the future; see `readership audit leakage`"
    for name, floor in evaluation["floors"].items():
        if floor["difference_to_champion"]["log_loss"]["value"] <= 0:
            yield f"it is no better than {PLAIN.get(name, name)}, which needs no model"


def _lesser(evaluation: dict[str, Any]) -> Iterator[str]:
    if evaluation["leakage"].get("verdict") not in ("clean", "leak"):
        yield "the leakage audit has not compared anything yet; run `readership audit leakage`"
    for name, floor in evaluation["floors"].items():
        difference = floor["difference_to_champion"]["log_loss"]
        low = difference["ci95"][0]
        if difference["value"] > 0 and low is not None and low <= 0:
            yield f"its advantage over {PLAIN.get(name, name)} is within the noise"
    if evaluation["label"]["readers_test"] < FEW_READERS:
        yield f"it was tested on {evaluation['label']['readers_test']:,} readers only"
    ece = evaluation["metrics"]["ece"]
    if ece["value"] > LARGE_ECE and (ece["ci95"][0] or 0) > 0:
        yield f"its probabilities are off by {100 * ece['value']:.1f} points on average; their order may still be used"
    yield from _overtaken(evaluation)


def _overtaken(evaluation: dict[str, Any]) -> Iterator[str]:
    """Candidates that were better on the test days beyond doubt: the choice on earlier days did not hold."""
    ahead = {name: found["difference_to_champion"]["log_loss"] for name, found in evaluation["candidates"].items()}
    sure = {name: d for name, d in ahead.items() if d["ci95"][1] is not None and d["ci95"][1] < 0}
    if sure:
        name = min(sure, key=lambda n: sure[n]["value"])
        yield (
            f"chosen on earlier days, it was overtaken: {name.replace('_', ' ')} is better here by "
            f"{-sure[name]['value']:.4f} of log loss, beyond doubt"
        )


def _steps(evaluation: dict[str, Any]) -> Iterator[str]:
    if evaluation["trust"]["level"] == "low":
        yield "Do not use these probabilities yet: first resolve what stands under trust."
    else:
        yield (
            "Ask `POST /v1/clicks/score` for the probability of each item without its position; keep the table of "
            f"counts fresh by `readership batch-score {evaluation['task']}` every ten minutes to every hour."
        )
    oracle = evaluation["oracle"]
    if oracle:
        free = evaluation["position_free"]["oracle"]["efficiency"]
        yield (
            f"The model has {oracle['efficiency']:.0%} of what an oracle knows above chance who sees the hidden state "
            f"of every reader and article, both told the position ({free:.0%} where neither is); part of the rest "
            "shows in no log."
        )
    for reason in evaluation["left_out"].values():
        yield f"{reason[0].upper()}{reason[1:]}."


def _good(evaluation: dict[str, Any]) -> str:
    return (
        f"judged on {evaluation['label']['n_test']:,} impressions of {evaluation['label']['readers_test']:,} "
        f"readers on later days, better than every floor beyond doubt, probabilities off by "
        f"{100 * evaluation['metrics']['ece']['value']:.1f} points on average, and the leakage audit is clean"
    )
