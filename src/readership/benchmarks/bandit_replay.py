"""Many tests played at once under one policy: arms with known click rates, impressions in batches, regret exact.

What a policy loses is counted in expectation: an impression of an arm costs the best arm's rate less its own, whatever
was clicked. The clicks are drawn, and are all that the policy sees.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.models.bandits.evidence import Evidence, Flags, Floats
from readership.models.bandits.policy import Policy

BATCH = 100


@dataclass(frozen=True)
class Trials:
    """One row a test, one column an arm, padded where tests have fewer.

    rate         clicks of an impression [tests, arms]; `present` where there is an arm
    impressions  how many each test has to give [tests]
    """

    rate: Floats
    present: Flags
    impressions: NDArray[np.int64]

    def repeated(self, times: int) -> "Trials":
        """Each test so many times, one after the other."""
        return Trials(
            np.repeat(self.rate, times, axis=0),
            np.repeat(self.present, times, axis=0),
            np.repeat(self.impressions, times, axis=0),
        )


class Played(NamedTuple):
    """Expected clicks of each test: with the arms that were shown, and with the best arm throughout."""

    clicks: Floats
    best: Floats
    impressions: NDArray[np.int64]

    def regret_per_1000(self, repetitions: int) -> Floats:
        """Expected clicks lost in 1,000 impressions, by test, a mean of its repetitions."""
        lost = 1000 * (self.best - self.clicks) / self.impressions
        return lost.reshape(-1, repetitions).mean(axis=1)

    @property
    def best_arm_share(self) -> float:
        """Clicks of all tests as a share of those of the best arms."""
        return float(self.clicks.sum() / self.best.sum())


def play(tests: Trials, policy: Policy, seed: int, batch: int = BATCH) -> Played:
    """Every test to its end; the policy learns between batches."""
    rng = np.random.default_rng(seed)
    shown, clicked = (np.zeros(tests.rate.shape) for _ in range(2))
    for running, now, gone in _batches(tests.impressions, batch):
        evidence = Evidence.of(shown[running], clicked[running], present=tests.present[running], gone=gone)
        given = rng.multinomial(now, policy.chances(evidence, rng))
        shown[running] += given
        clicked[running] += rng.binomial(given, tests.rate[running])
    best = tests.rate.max(axis=1) * tests.impressions
    return Played((shown * tests.rate).sum(axis=1), best, tests.impressions)


def _batches(
    impressions: NDArray[np.int64], batch: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.int64], Floats]]:
    """Tests still running, how many impressions each gives now, and the share of each that is over."""
    for begun in range(0, int(impressions.max()), batch):
        running = np.flatnonzero(impressions > begun)
        left = impressions[running] - begun
        yield running, np.minimum(left, batch), begun / impressions[running]
