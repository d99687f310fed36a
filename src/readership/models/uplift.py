"""Uplift: whom does an offer move?

Question      Of the readers of a question (free readers, or subscribers whose period ends), how much does contacting
              each one add to the probability of what the publisher wants: a subscription, a renewal? Learnt from
              decisions made by lot, where both halves are logged: the standing arm, and campaigns with a control group.
Who acts      The subscriptions team: contact those an offer moves, leave alone those who come anyway, those who never
              will, and those whom a contact drives away.
Floors        The same effect for everybody (then any list is as good as another), and the list by probability. Where
              effects barely differ between readers, that list is hard to beat.
Candidates    Two logistic regressions shrunk towards each other, a T-learner and an X-learner on small LightGBM
              models. One split cannot rank them, so each is fitted several times on parts of the readers and judged
              on the others; the simplest within the noise of the best is taken, and judged on later decisions.
Probability   None: the answer is a difference of two, and is not calibrated further; the report shows it by quantile.
Answer        The effect: positive where a contact helps the publisher.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from readership.contracts import ModelSpec
from readership.models._uplift import RidgePair, TLearner
from readership.models._uplift_floors import ConstantEffect, Response
from readership.models._uplift_x import XLearner

SUFFIX = "_uplift"
LEARNERS: dict[str, Callable[[ModelSpec], Any]] = {
    "ridge_pair": RidgePair,
    "t_learner": TLearner,
    "x_learner": XLearner,
}
"""Learners that may become champion, simplest first."""
FLOORS: dict[str, Callable[[ModelSpec], Any]] = {"constant_effect": ConstantEffect, "response": Response}


class Asked(NamedTuple):
    """What is asked of one question's readers.

    experiment  the standing arm whose decisions are learnt from
    wanted      the value of the question's label that the publisher wants
    text        the question, as its report puts it
    outcome     what a contact may add, in words: "subscriptions"
    contact     what the contact is
    """

    experiment: str
    wanted: int
    text: str
    outcome: str
    contact: str


QUESTIONS = {
    "conversion": Asked(
        "subscription_offer",
        1,
        "Which free readers does an offer move to subscribe?",
        "subscriptions",
        "an offer to subscribe",
    ),
    "churn_subscribers": Asked(
        "retention_offer",
        0,
        "Which subscribers does an offer move to renew?",
        "renewals",
        "an offer to stay",
    ),
}
"""By the name of the question's rule; its uplift model is called `<name>_uplift`."""


def specs(seed: int = 0) -> list[ModelSpec]:
    """The learners, simplest first."""
    return [ModelSpec(name, seed=seed) for name in LEARNERS]


def build(spec: ModelSpec) -> Any:
    """An unfitted learner or floor of this spec; KeyError naming those there are."""
    builders = LEARNERS | FLOORS
    if spec.name not in builders:
        raise KeyError(f"there is no learner {spec.name!r}; there are {', '.join(builders)}")
    return builders[spec.name](spec)
