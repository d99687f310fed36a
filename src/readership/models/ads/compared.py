"""The policies that Thompson is compared with, as they would share out the places by what is known now.

They look at placements alone: few ads are clicked more than a few times, and rates without a prior need numbers.
"""

import numpy as np

from readership.models.bandits.chances import best
from readership.models.bandits.epsilon_greedy import EpsilonGreedy
from readership.models.bandits.evidence import Evidence, Floats
from readership.models.bandits.explore_then_commit import ExploreThenCommit
from readership.models.bandits.policy import Policy
from readership.models.bandits.ucb1 import Ucb1
from readership.models.bandits.uniform import Uniform

SMOOTHED = 1_000.0
"""Impressions at the mean rate that greedy eCPM adds to each ad's own."""
POLICIES: tuple[Policy, ...] = (Uniform(), ExploreThenCommit(each=500), EpsilonGreedy(epsilon=0.1), Ucb1())


def compared(evidence: Evidence, mean: float) -> dict[str, Floats]:
    """Chances of every compared policy by name, greedy eCPM among them [rows, arms].

    evidence  of each row's placement, with prices and what may be shown
    mean      click rate of all ads together
    """
    rng = np.random.default_rng(0)
    found = {policy.name.replace("-", "_"): policy.chances(evidence, rng) for policy in POLICIES}
    return {**found, "greedy_ecpm": greedy_ecpm(evidence, mean)}


def greedy_ecpm(evidence: Evidence, mean: float) -> Floats:
    """Always the highest 1000 · (clicks + 1000 · mean) / (impressions + 1000) · price of a click + price of 1,000."""
    rate = (evidence.clicked + SMOOTHED * mean) / (evidence.shown + SMOOTHED)
    return best(evidence.worth(rate), evidence.present)
