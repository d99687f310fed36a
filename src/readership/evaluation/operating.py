"""Who to contact: thresholds chosen on validation rows, judged on test rows.

Three ways to choose, because a publisher's question differs: the roadmap's precision and recall, a fixed
budget (the share of readers one can contact), or money. The threshold of best F1 is not offered: on churn it
flags nearly everyone.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from readership.contracts import Dataset
from readership.evaluation.bootstrap import Draws, ratio
from readership.evaluation.metrics import Floats, precision_recall

AIM = {"precision": 0.80, "recall": 0.75}
BUDGET_SHARE = 0.10
WHOLE_PERCENTS = np.arange(100) / 100


@dataclass(frozen=True)
class Campaign:
    """Money behind a decision to contact a reader; the defaults are an example, not a finding.

    contact_eur   what contacting one reader costs (message and offer)
    kept_eur      what a reader who would have left and stays is worth
    kept_share    share of contacted leavers who stay because of it
    """

    contact_eur: float = 1.0
    kept_eur: float = 20.0
    kept_share: float = 0.10

    def gain(self, label: ArrayLike, flagged: ArrayLike) -> Floats:
        """Euros won or lost on each row."""
        y, chosen = np.asarray(label, np.float64), np.asarray(flagged, np.float64)
        return chosen * (y * self.kept_share * self.kept_eur - self.contact_eur)

    @property
    def break_even(self) -> float:
        """Probability from which contacting pays, if probabilities are true."""
        return self.contact_eur / (self.kept_share * self.kept_eur)


@dataclass(frozen=True)
class Steps:
    """What flagging everyone at or above each distinct probability means, from the highest down.

    threshold, flagged and hits hold one value for each distinct probability; total and positive are whole weights.
    """

    threshold: Floats
    flagged: Floats
    hits: Floats
    total: float
    positive: float

    @classmethod
    def of(cls, label: ArrayLike, probability: ArrayLike, weight: ArrayLike) -> "Steps":
        """Running weights down the distinct probabilities."""
        y, p, w = (np.asarray(values, np.float64) for values in (label, probability, weight))
        order = np.argsort(-p, kind="stable")
        y, p, w = y[order], p[order], w[order]
        last = np.flatnonzero(np.append(np.diff(p) < 0, True))
        flagged, hits = np.cumsum(w)[last], np.cumsum(w * y)[last]
        return cls(p[last], flagged, hits, float(flagged[-1]), float(hits[-1]))

    def at(self, thresholds: Floats) -> tuple[Floats, Floats]:
        """Weight flagged, and hits among it, at any thresholds."""
        reach = len(self.threshold) - np.searchsorted(self.threshold[::-1], thresholds)
        return np.append(0.0, self.flagged)[reach], np.append(0.0, self.hits)[reach]

    @property
    def precision(self) -> Floats:
        """At each threshold."""
        return self.hits / self.flagged

    @property
    def recall(self) -> Floats:
        """At each threshold; nan when nothing is positive."""
        return self.hits / self.positive if self.positive else np.full_like(self.hits, np.nan)


def aimed_threshold(steps: Steps, aim: dict[str, float] | None = None) -> tuple[float, bool]:
    """Threshold that reaches both aims with most to spare, or falls least short; and whether it reaches both.

    It maximises min(precision − aim, recall − aim); among equals the highest threshold wins.
    """
    wanted = aim or AIM
    spare = np.minimum(steps.precision - wanted["precision"], steps.recall - wanted["recall"])
    best = int(np.argmax(spare))
    return float(steps.threshold[best]), bool(spare[best] >= 0)


def paying_threshold(steps: Steps, campaign: Campaign) -> float | None:
    """Whole per cent of the largest gain in euros, the highest among equals; None when contacting nobody is best."""
    flagged, hits = steps.at(WHOLE_PERCENTS)
    gain = campaign.kept_share * campaign.kept_eur * hits - campaign.contact_eur * flagged
    best = len(gain) - 1 - int(np.argmax(gain[::-1]))
    return float(WHOLE_PERCENTS[best]) if gain[best] > 0 else None


def top_share(probability: Floats, weight: Floats, as_of: NDArray[Any], share: float) -> Floats:
    """How much of each row is flagged (0 to 1) when the top `share` of every cut-off is contacted.

    Rows of one probability on the border are flagged in part, so that ties cannot be lucky.

    >>> top_share(np.array([.9, .5, .5, .1]), np.ones(4), np.zeros(4), 0.5)
    array([1. , 0.5, 0.5, 0. ])
    """
    flagged = np.zeros(len(probability))
    for cutoff in np.unique(as_of):
        rows = np.flatnonzero(as_of == cutoff)
        steps = Steps.of(np.zeros(len(rows)), probability[rows], weight[rows])
        above = np.append(0.0, steps.flagged[:-1])
        part = np.clip((share * steps.total - above) / (steps.flagged - above), 0, 1)
        place = len(steps.threshold) - 1 - np.searchsorted(steps.threshold[::-1], probability[rows])
        flagged[rows] = part[place]
    return flagged


def operating_points(
    valid: Dataset,
    valid_probability: Floats,
    test: Dataset,
    probability: Floats,
    draws: Draws,
    *,
    budget_share: float = BUDGET_SHARE,
    campaign: Campaign | None = None,
) -> dict[str, Any]:
    """`roadmap`, `top_k` and `expected_cost`: chosen on `valid`, measured on `test` with intervals."""
    money = campaign or Campaign()
    steps = Steps.of(valid.label, valid_probability, valid.weight)
    return {
        "roadmap": _roadmap(steps, test, probability, draws),
        "top_k": _top_k(steps, test, probability, draws, budget_share),
        "expected_cost": _expected_cost(steps, test, probability, draws, money),
    }


def judged(label: ArrayLike, flagged: ArrayLike, draws: Draws) -> dict[str, Any]:
    """Precision, recall and share flagged, with intervals."""
    y, chosen = np.asarray(label, np.float64), np.asarray(flagged, np.float64)
    everyone = np.ones_like(y)
    return {
        "precision": ratio(y * chosen, chosen, draws),
        "recall": ratio(y * chosen, y, draws),
        "flagged_share": ratio(chosen, everyone, draws),
    }


def _roadmap(steps: Steps, test: Dataset, probability: Floats, draws: Draws) -> dict[str, Any]:
    threshold, reached = aimed_threshold(steps)
    place = int(np.flatnonzero(steps.threshold == threshold)[0])
    return {
        "threshold": round(threshold, 6),
        **judged(test.label, probability >= threshold, draws),
        "aim": dict(AIM),
        "on_validation": {
            "precision": round(float(steps.precision[place]), 6),
            "recall": round(float(steps.recall[place]), 6),
            "aim_reached": reached,
        },
    }


def _top_k(steps: Steps, test: Dataset, probability: Floats, draws: Draws, share: float) -> dict[str, Any]:
    flagged = top_share(probability, draws.weight, test.as_of, share)
    enough = int(np.searchsorted(steps.flagged, share * steps.total))
    return {
        "share": share,
        "k_per_as_of": [round(share * int((test.as_of == cutoff).sum())) for cutoff in np.unique(test.as_of)],
        "threshold": round(float(steps.threshold[min(enough, len(steps.threshold) - 1)]), 6),
        **judged(test.label, flagged, draws),
        "at_random": ratio(test.label, np.ones(len(test)), draws),
    }


def _expected_cost(
    steps: Steps, test: Dataset, probability: Floats, draws: Draws, campaign: Campaign
) -> dict[str, Any]:
    threshold = paying_threshold(steps, campaign)
    flagged = np.zeros(len(test)) if threshold is None else (probability >= threshold).astype(float)
    thousandth = np.full(len(test), 1e-3)
    return {
        "threshold": None if threshold is None else round(threshold, 6),
        "contact_eur": campaign.contact_eur,
        "kept_eur": campaign.kept_eur,
        "kept_share": campaign.kept_share,
        "break_even_probability": round(campaign.break_even, 6),
        **judged(test.label, flagged, draws),
        "gain_eur_per_1000_readers": ratio(campaign.gain(test.label, flagged), thousandth, draws),
        "contact_everyone_eur_per_1000_readers": ratio(
            campaign.gain(test.label, np.ones(len(test))), thousandth, draws
        ),
    }


def best_reachable(label: ArrayLike, probability: ArrayLike, weight: ArrayLike) -> tuple[float, float]:
    """Precision and recall at the threshold that serves AIM best on these very rows: a ceiling, not a promise."""
    p = np.asarray(probability, np.float64)
    threshold, _ = aimed_threshold(Steps.of(label, p, weight))
    return precision_recall(label, p >= threshold, weight)
