"""Conversion: which free readers will subscribe?

Question      Of the registered readers without a paid tier, seen in the 28 days before a cut-off, who starts a
              subscription in the 14 days after it? (`READERSHIP_CONVERSION_HORIZON_DAYS`.)
Who acts      The subscriptions team: a prompt or an offer for the readers at the top of the list. A likely subscriber
              may subscribe anyway; only a control group that is left alone shows what an offer adds.
Floors        The base rate, and the rule that whoever came lately is warmest.
Candidates    The same as for churn, on the same features: few readers subscribe, so rows are kept as they are, with
              neither over-sampling nor weights, which would spoil the probabilities; the champion is whoever has the
              least log loss on later cut-offs.
Probability   Calibrated only if that helps on cut-offs later still.
Answer        A probability; an action, by thresholds chosen on validation: offer for as many as a campaign reaches,
              prompt where a contact pays at the report's assumptions, else none; and reasons in words.
"""

from collections.abc import Mapping
from typing import Any

from readership.contracts import ModelSpec
from readership.models._question import Question
from readership.models._tabular import candidates, rules_of_thumb

TASK = "conversion"


def question(population: str, horizon_days: int) -> Question:
    """What the report says is asked."""
    return Question(
        text=f"Which {population} readers without a subscription will start one in the next {horizon_days} days?",
        who_acts="the subscriptions team: a prompt or an offer to the readers most likely to subscribe",
        outcome="subscribe",
    )


def floors(names: tuple[str, ...]) -> list[ModelSpec]:
    """The rules to beat, as far as these features allow them."""
    return rules_of_thumb(names)


def specs(seed: int = 0) -> list[ModelSpec]:
    """The candidates, simplest first."""
    return candidates(TASK, seed)


def action(probability: float, thresholds: Mapping[str, Any]) -> str:
    """What to do with a reader of this probability; `thresholds` are the manifest's operating points.

    >>> points = {"top_k": 0.2, "expected_cost": 0.1, "roadmap": 0.5}
    >>> [action(p, points) for p in (0.3, 0.15, 0.05)]
    ['offer', 'prompt', 'none']
    >>> action(0.3, {"top_k": None, "expected_cost": None})
    'none'
    """
    for name, act in (("top_k", "offer"), ("expected_cost", "prompt")):
        threshold = thresholds.get(name)
        if threshold is not None and probability >= threshold:
            return act
    return "none"
