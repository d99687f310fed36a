"""Churn: which readers will stop coming?

Question      Of the registered readers with a session in the 56 days before a cut-off, who has none in the 28
              days after it? (`READERSHIP_CHURN_LOOKBACK_DAYS`, `READERSHIP_CHURN_HORIZON_DAYS`.) For subscribers a
              second population asks who lets the paid period end without renewing; it has a champion of its own.
Who acts      The audience team: a newsletter, an offer or a call for the readers at the top of the list, as many
              as the budget reaches. Editors read the drivers: what readers who leave have in common.
Floors        The base rate, and the rule every editor knows: the longer since the last visit, the likelier gone.
              A model that does not beat them clearly is not promoted.
Candidates    Logistic regression, random forest, XGBoost, LightGBM, the mean of the first and third, a small
              neural network; the same features, the same rows. On real reading logs the simple ones tie the
              boosted trees over time, so the champion is whoever has the least log loss on later cut-offs, each
              compared at its best level, since the share who leave drifts; one that cannot give its reasons must
              be better by a margin, and a tie goes to the simplest.
Probability   Calibrated only if that helps on cut-offs later still, because the share who leave drifts.
Answer        A probability, a risk band, and the three strongest reasons in words, from exact contributions.
"""

from readership.contracts import ModelSpec
from readership.models._question import Question
from readership.models._tabular import candidates, rules_of_thumb

TASK = "churn"
BANDS = {"high": 0.7, "medium": 0.3, "low": 0.0}
"""Risk bands: high above 0.7, medium from 0.3 to 0.7, low below."""


def question(population: str, horizon_days: int) -> Question:
    """What the report says is asked of a population."""
    if population == "subscribers":
        text = "Which subscribers whose paid period is about to end will not renew it?"
    else:
        text = f"Which registered readers will not come back in the next {horizon_days} days?"
    return Question(
        text=text,
        who_acts="the audience team: a newsletter, an offer or a call to the readers most at risk",
        outcome="leave",
    )


def floors(names: tuple[str, ...]) -> list[ModelSpec]:
    """The rules to beat, as far as these features allow them."""
    return rules_of_thumb(names)


def specs(seed: int = 0) -> list[ModelSpec]:
    """The candidates, simplest first."""
    return candidates(TASK, seed)


def band(probability: float) -> str:
    """The risk band of a probability.

    >>> [band(p) for p in (0.71, 0.7, 0.3, 0.29)]
    ['high', 'medium', 'medium', 'low']
    """
    return "high" if probability > BANDS["high"] else "medium" if probability >= BANDS["medium"] else "low"
