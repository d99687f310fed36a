"""Clicks: will this reader click on what is shown to them?

Question      Of the articles shown in slates (or the advertisements beside articles), which impression is clicked on
              within 30 minutes?
Who acts      The ranker and the ad step, which weigh what is likely to be opened; editors read how much of a click is
              owed to the place on the page and how much to the article.
Place         Where something stands explains most clicks and says nothing about it. Every model is the sum of a part
              of item and reader and of a table of places (placement, device, position), so that the same fitted model
              answers without a position: what serving asks for.
Floors        The base rate, the rate of the place alone, and the item's own smoothed click rate.
Candidates    Logistic regression, XGBoost whose trees may not mix places with the rest, and Wide & Deep where PyTorch
              is installed. The champion is whoever has the least log loss on later days, a tie goes to the simplest.
Probability   Calibrated only if that helps on days later still.
Answer        A probability for each item, without its position.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from readership.contracts import Model, ModelSpec
from readership.models._question import Question
from readership.models.clicks.boosted import PlacedXGBoost
from readership.models.clicks.linear import ItemRate, PlacedLogistic, PlaceOnly
from readership.models.clicks.wide_deep import WideDeep

TASK, TASK_OF_ADS = "click", "click_ads"
TASKS = (TASK, TASK_OF_ADS)
CANDIDATES: dict[str, Callable[[ModelSpec], Any]] = {
    "click_logistic": PlacedLogistic,
    "click_xgboost": PlacedXGBoost,
    "wide_deep": WideDeep,
}
"""Models that may become champion, simplest first."""
FLOORS: dict[str, Callable[[ModelSpec], Any]] = {"place_only": PlaceOnly, "item_rate": ItemRate}
"""Rules that need no model, beside the base rate."""
LEARNERS = {**CANDIDATES, **FLOORS}
WITHOUT_TORCH = "Wide & Deep was left out: PyTorch is not installed; `pip install 'readership[deep]'`"


def question(task: str) -> Question:
    """What the report says is asked."""
    thing = "advertisement" if task == TASK_OF_ADS else "article"
    return Question(
        text=f"Which {thing} that a reader is shown will be clicked?",
        who_acts=f"the ranker of {thing}s, which weighs what is likely to be opened; nobody by hand",
        outcome="click",
    )


def specs(seed: int = 0) -> list[ModelSpec]:
    """The candidates, simplest first; Wide & Deep only where PyTorch is installed."""
    there = [name for name in CANDIDATES if name != "wide_deep" or find_spec("torch") is not None]
    return [ModelSpec(name, seed=seed) for name in there]


def left_out() -> dict[str, str]:
    """Candidates that cannot be fitted here, and why."""
    return {} if find_spec("torch") is not None else {"wide_deep": WITHOUT_TORCH}


def build(spec: ModelSpec) -> Model:
    """An unfitted model of this spec; KeyError naming the models there are."""
    if spec.name not in LEARNERS:
        raise KeyError(f"there is no model of clicks {spec.name!r}; there are {', '.join(LEARNERS)}")
    model: Model = LEARNERS[spec.name](spec)
    return model
