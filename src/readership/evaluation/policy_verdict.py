"""What a policy is worth, whether to believe it, and what to do: in words, from the evaluation alone."""

from collections.abc import Iterator
from typing import Any

from readership.contracts import Metric
from readership.evaluation.trust import weighed

FEW_READERS = 300
FEW_CLICKS = 100
FEW_ROWS = 1_000
BUDGETS_BIND = 0.9
"""Share of the estimate below which what budgets allow is a reason to doubt it."""
WORTH_A_FLOOR = 1.03
"""Revenue over that without a floor, from which one is worth considering."""
AHEAD, BEHIND = 1.2, 0.8
"""Spending over plan from which a campaign is named."""


def sentence(evaluation: dict[str, Any]) -> str:
    """`A thousand places are expected to bring €6.12 [5.80–6.45]; with the ads that were shown they brought €4.73.`"""
    ours, ran = evaluation["metrics"]["ecpm"], evaluation["ran"]["ecpm"]
    even = evaluation["floors"]["uniform"]["ecpm"]
    drawn = "" if even["value"] is None else f", and ads drawn evenly would bring €{even['value']:.2f}"
    return (
        f"A thousand places are expected to bring {_euros(ours)}; with the ads that were shown they brought "
        f"€{ran['value']:.2f}{drawn}."
    )


def trust(evaluation: dict[str, Any]) -> dict[str, Any]:
    """See `weighed`."""
    return weighed(evaluation, _grave, _lesser, _good)


def next_steps(evaluation: dict[str, Any]) -> list[str]:
    """What to do with this policy, most pressing first."""
    return list(_steps(evaluation))


def _grave(evaluation: dict[str, Any]) -> Iterator[str]:
    even, greedy = (evaluation["metrics"][name] for name in ("lift_over_even", "revenue_lift"))
    if even["value"] is None or even["value"] <= 0:
        yield "it earns no more than ads drawn evenly, as far as the log can tell"
    high = greedy["ci95"][1]
    if high is not None and high < -evaluation["protocol"]["even"]:
        yield f"it earns less than always showing the best so far: {_percent(greedy)}"


def _lesser(evaluation: dict[str, Any]) -> Iterator[str]:
    label, metrics = evaluation["label"], evaluation["metrics"]
    even = metrics["lift_over_even"]
    if even["value"] is not None and even["value"] > 0 and (even["ci95"][0] is None or even["ci95"][0] <= 0):
        yield "its advantage over ads drawn evenly is within the noise"
    greedy = metrics["revenue_lift"]
    if greedy["value"] is None:
        yield "the log holds too little of what always showing the best so far would show"
    elif greedy["ci95"][0] is None or greedy["ci95"][0] <= 0:
        yield f"that it earns more than always showing the best so far is not shown: {_percent(greedy)}"
    if label["clicks_test"] < FEW_CLICKS:
        yield f"the later decisions hold {label['clicks_test']:,} clicks only"
    if metrics["ess"]["value"] < FEW_ROWS:
        yield (
            f"of {label['n_test']:,} decisions, only as much as {metrics['ess']['value']:,.0f} speaks of what it would "
            "show"
        )
    if label["readers_test"] < FEW_READERS:
        yield f"it was tested on {label['readers_test']:,} readers only"
    estimators = evaluation["candidates"][evaluation["champion"]]["estimators"]
    allowed = evaluation["revenue"].get("budgets_allow_eur")
    if allowed is not None and allowed < BUDGETS_BIND * metrics["ecpm"]["value"]:
        yield (
            f"budgets are not in this estimate: what is booked allows about €{allowed:.2f} for a thousand places, at "
            "as many places a day as of late"
        )
    if _apart(estimators["dr"], estimators["snipw"]):
        yield "two ways of estimating contradict each other, so the logged chances may be wrong"


def _steps(evaluation: dict[str, Any]) -> Iterator[str]:
    if evaluation["trust"]["level"] == "low":
        yield "Do not let this policy fill the places yet: first resolve what stands under trust."
    else:
        yield (
            "Let this policy fill the places of a random half of the readers and leave the other half as before: only "
            "side by side is shown what it earns while it goes on learning."
        )
    for name, words in (("ahead", "ran ahead of"), ("behind", "fell behind")):
        campaigns = [
            row["campaign"]
            for row in evaluation["revenue"].get("campaigns", ())
            if row["of_plan"] is not None and (row["of_plan"] > AHEAD if name == "ahead" else row["of_plan"] < BEHIND)
        ]
        if campaigns:
            named = ", ".join(campaigns[:4]) + (f" and {len(campaigns) - 4} more" if len(campaigns) > 4 else "")
            yield f"Look at {named}: spending {words} the plan by more than a fifth."
    best = _best_floor(evaluation)
    if best:
        yield best


def _best_floor(evaluation: dict[str, Any]) -> str | None:
    floors = evaluation["revenue"].get("floor_prices", ())
    if not floors:
        return None
    best = max(floors, key=lambda row: row["revenue_eur"])
    if best["floor_eur"] == 0 or best["revenue_eur"] <= WORTH_A_FLOOR * floors[0]["revenue_eur"]:
        return "Keep floor prices low: while bids stay as they are, a higher floor only leaves places empty."
    return (
        f"Consider a floor of €{best['floor_eur']:.2f}: by what is believed of each ad, a thousand places would bring "
        f"€{best['revenue_eur']:.2f} instead of €{floors[0]['revenue_eur']:.2f}."
    )


def _euros(metric: Metric) -> str:
    low, high = metric["ci95"]
    return f"€{metric['value']:.2f}" + ("" if low is None else f" [{low:.2f}–{high:.2f}]")


def _percent(metric: Metric) -> str:
    low, high = metric["ci95"]
    return f"{metric['value']:+.0%}" + ("" if low is None else f" [{low:+.0%}, {high:+.0%}]")


def _apart(one: Metric, other: Metric) -> bool:
    (a, b), (c, d) = one["ci95"], other["ci95"]
    return None not in (a, b, c, d) and (b < c or d < a)


def _good(evaluation: dict[str, Any]) -> str:
    label = evaluation["label"]
    return (
        f"judged on {label['n_test']:,} later decisions of {label['readers_test']:,} readers by the chances they "
        "were drawn with; what it would learn by exploring further is not in these figures"
    )
