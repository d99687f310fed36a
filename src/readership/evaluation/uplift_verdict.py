"""What an uplift model says to an editor, whether to believe it, and what to do next: from the evaluation alone."""

from collections.abc import Iterator
from math import ceil
from typing import Any

from readership.contracts import Metric
from readership.evaluation.trust import weighed

FEW_OUTCOMES = 100
RESPONSE = "response"


def sentence(evaluation: dict[str, Any]) -> str:
    """`Of 1,000 readers contacted from the tenth it ranks first, 30 [12 to 47] subscriptions come of it; …`"""
    label, metrics = evaluation["label"], evaluation["metrics"]
    likely = evaluation["floors"][RESPONSE]["effect_top_tenth"]
    return (
        f"1,000 contacts to the tenth it ranks first bring {_per_thousand(metrics['effect_top_tenth'])} extra "
        f"{label['outcome']}; to the tenth likeliest anyway, {_per_thousand(likely)}; to readers picked at random, "
        f"{_per_thousand(metrics['ate'])}."
    )


def uplift_trust(evaluation: dict[str, Any]) -> dict[str, Any]:
    """See `weighed`: low while its order cannot be told from chance."""
    return weighed(evaluation, _grave, _lesser, _good)


def uplift_steps(evaluation: dict[str, Any]) -> list[str]:
    """What to do with this model, most pressing first."""
    return list(_steps(evaluation))


def needed_decisions(qini: Metric, decisions: int) -> int | None:
    """About how many decisions would part this Qini from 0, were it the true one; None where it is not above 0.

    The interval's half-width falls with the square root of the number of decisions.

    >>> needed_decisions({"value": 1.0, "ci95": [-1.0, 3.0]}, 500)    # half-width 2, twice the value: 4 x 500
    2000
    """
    value, (low, high) = qini["value"], qini["ci95"]
    if value is None or value <= 0 or low is None:
        return None
    return max(decisions, ceil(decisions * ((high - low) / 2 / value) ** 2 / 100) * 100)


def _grave(evaluation: dict[str, Any]) -> Iterator[str]:
    if evaluation["leakage"].get("verdict") == "leak":
        yield "the leakage audit found that something knew the future; see `readership audit leakage`"
    low = evaluation["metrics"]["qini"]["ci95"][0]
    if low is None or low <= 0:
        yield (
            f"its order of readers cannot be told from chance on {evaluation['label']['n_test']:,} decisions with "
            f"{evaluation['label']['outcomes_test']:,} {evaluation['label']['outcome']}"
        )


def _lesser(evaluation: dict[str, Any]) -> Iterator[str]:
    if evaluation["leakage"].get("verdict") not in ("clean", "leak"):
        yield "the leakage audit has not compared anything yet; run `readership audit leakage`"
    difference = evaluation["floors"][RESPONSE]["difference_to_champion"]["qini"]
    high = difference["ci95"][1]
    if high is None or high >= 0:
        word = (
            "worse than" if difference["value"] is not None and difference["value"] > 0 else "not clearly better than"
        )
        yield f"it is {word} the order by probability, which needs no decisions made by lot"
    label = evaluation["label"]
    if label["outcomes_test"] < FEW_OUTCOMES:
        yield f"only {label['outcomes_test']:,} {label['outcome']} stand behind these figures"
    off = evaluation["metrics"]["decile_calibration_error"]
    if off["ci95"][0]:
        yield f"the effects it states are off by {off['value']:.0f} in 1,000 on average; use their order alone"


def _steps(evaluation: dict[str, Any]) -> Iterator[str]:
    label, metrics = evaluation["label"], evaluation["metrics"]
    if evaluation["trust"]["level"] == "low":
        yield (
            "Do not choose readers by it yet: take the likeliest by `readership batch-score`, and leave a random part "
            "of them alone in every campaign, so that it can learn."
        )
        needed = needed_decisions(metrics["qini"], label["n_test"])
        yield (
            f"About {needed:,} decisions made by lot would be needed to judge it, if the Qini seen is the true one."
            if needed
            else "Nothing in these decisions suggests that readers differ in how they answer; gather more of them."
        )
    else:
        yield "Contact the readers it ranks first; go on leaving a random part of them alone, which shows its worth."
    below = [group for group in evaluation["quantiles"] if group["stated"] < 0]
    if below and evaluation["trust"]["level"] != "low":
        yield f"Spare the {sum(group['share'] for group in below):.0%} of readers for whom it states a negative effect."
    late = evaluation["delay"]
    if late.get("after_half_of_horizon"):
        yield (
            f"{late['after_half_of_horizon']:.0%} of {label['outcome']} came in the second half of the horizon: do not "
            "read a campaign off before it has passed."
        )


def _per_thousand(metric: Metric) -> str:
    if metric["value"] is None:
        return "an unknown number of"
    low, high = metric["ci95"]
    return f"{metric['value']:.0f}" + ("" if low is None else f" [{low:.0f} to {high:.0f}]")


def _good(_: dict[str, Any]) -> str:
    return "its order of readers beats chance and the order by probability beyond doubt"
