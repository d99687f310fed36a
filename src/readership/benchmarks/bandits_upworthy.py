"""Which headline? 300 of Upworthy's A/B tests, played again by each policy on arms with the click rates observed.

Semi-simulated: the arms are real, their readers are coins. A second truth, drawn around each test's mean as widely as
headlines really differ, takes away the luck of the arm that happened to do best.
"""

import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.benchmarks.bandit_replay import BATCH, Played, Trials, play
from readership.benchmarks.bandits_vowpal import played_by_vowpal
from readership.benchmarks.result import result
from readership.contracts import Metric
from readership.errors import InputError
from readership.evaluation.bootstrap import Draws, ratio
from readership.models.bandits.epsilon_greedy import EpsilonGreedy
from readership.models.bandits.evidence import Evidence, Floats
from readership.models.bandits.explore_then_commit import ExploreThenCommit
from readership.models.bandits.policy import Policy
from readership.models.bandits.prior import Flat
from readership.models.bandits.prior_fitting import fit_flat, fit_shrinkage
from readership.models.bandits.thompson import Thompson
from readership.models.bandits.ucb1 import Ucb1
from readership.models.bandits.uniform import Uniform

FILE = Path("upworthy") / "upworthy_clean.parquet"
TESTS, FEWEST_ARMS, MOST_IMPRESSIONS, REPETITIONS = 300, 3, 20_000, 5
DRAWS = 200
"""From which chances of winning are counted in each batch; a batch draws 100 impressions from them."""
EACH, EPSILON, WIDTH = 400, 0.05, 0.5
"""Of explore-then-commit, ε-greedy and the peer `thompson-narrow`; looked up on 600 tests outside the 300."""
VOWPAL_TESTS = 60
"""How many tests the outside peer plays, once each: it takes 20 times as long as all the others."""
LEAST_RATE = 1e-6
HEADLINE = "thompson-known-length"
PROTOCOL = (
    "tests with at least {arms} arms ({of:,}), sorted ids, default_rng(0).choice({tests}, replace=False); arms are "
    "Bernoulli with their observed click rate; a test gives min(impressions, {most:,}), in batches of {batch}; "
    "{repetitions} repetitions; regret_per_1000 is a mean of tests, best_arm_share is pooled; prior "
    "Beta({clicks:.2f}, {misses:.0f}) fitted on the tests outside. The headline policy is Thompson that knows when a "
    "test ends and narrows towards it (width chosen on 600 tests outside the sample); peers do not know the end. "
    "Differences are paired by test, peer minus headline. *_second_truth: rates drawn around the test's mean, as "
    "widely as tests outside differ. Semi-simulated: real arms, simulated readers; the observed best arm owes part of "
    "its lead to luck"
)


class Log(NamedTuple):
    """Impressions and clicks of each arm [tests, arms], 0 where a test has fewer arms."""

    shown: Floats
    clicked: Floats

    def take(self, rows: NDArray[np.integer]) -> "Log":
        """Some of the tests."""
        return Log(self.shown[rows], self.clicked[rows])

    def tests(self, rate: Floats) -> Trials:
        """To be played with these rates."""
        impressions = np.minimum(self.shown.sum(axis=1), MOST_IMPRESSIONS).astype(np.int64)
        return Trials(rate, self.shown > 0, impressions)

    @property
    def observed(self) -> Floats:
        """Clicks of an impression, 0 where there is no arm."""
        return self.clicked / np.maximum(self.shown, 1)


def run(data: Path, *, tests: int = TESTS, repetitions: int = REPETITIONS) -> dict[str, Any]:
    """Figures: best_arm_share, regret_per_1000, each with its interval; the policies under peers."""
    began = time.monotonic()
    log = read_log(data / FILE)
    chosen = np.random.default_rng(0).choice(len(log.shown), tests, replace=False)
    outside = log.take(np.setdiff1d(np.arange(len(log.shown)), chosen))
    prior = fit_flat(*outside)
    sample = log.take(chosen)
    played = {
        name: play(sample.tests(sample.observed).repeated(repetitions), policy, seed=0)
        for name, policy in policies(prior).items()
    }
    found = {name: measured(one, repetitions) for name, one in played.items()}
    peers = {name: {**of, **_against(played, name, repetitions)} for name, of in found.items() if name != HEADLINE}
    peers |= _outside_peer(sample, played[HEADLINE], repetitions)
    again = sample.tests(second_truth(sample, outside)).repeated(repetitions)
    second = measured(play(again, policies(prior)[HEADLINE], seed=0), repetitions)
    figures = {**found[HEADLINE], **{f"{name}_second_truth": value for name, value in second.items()}}
    protocol = PROTOCOL.format(
        arms=FEWEST_ARMS, of=len(log.shown), tests=tests, most=MOST_IMPRESSIONS, batch=BATCH, repetitions=repetitions,
        clicks=prior.clicks, misses=prior.misses,
    )  # fmt: skip
    return result("bandits-upworthy", figures, peers, protocol, time.monotonic() - began)


def read_log(file: Path) -> Log:
    """Trials with enough arms, by id; InputError where the file is not there."""
    if not file.is_file():
        raise InputError(f"{file} does not exist; --data names the folder that holds {FILE}")
    tests = (
        pl.read_parquet(file, columns=["clickability_test_id", "impressions", "clicks"])
        .group_by("clickability_test_id")
        .agg("impressions", "clicks")
        .filter(pl.col("impressions").list.len() >= FEWEST_ARMS)
        .sort("clickability_test_id")
    )
    most = max(map(len, tests["impressions"].to_list()))
    return Log(*(_padded(tests[name].to_list(), most) for name in ("impressions", "clicks")))


def policies(prior: Flat) -> dict[str, Policy]:
    """The headline policy and those it is compared with."""
    return {
        HEADLINE: Thompson(prior, DRAWS, narrowing=True),
        "uniform": Uniform(),
        "ucb1": Ucb1(),
        "explore-then-commit": ExploreThenCommit(EACH),
        "epsilon-greedy": EpsilonGreedy(EPSILON),
        "thompson-beta-1-1": Thompson(Flat(1, 1), DRAWS),
        "thompson-empirical-bayes": Thompson(prior, DRAWS),
        "thompson-narrow": Thompson(prior, DRAWS, width=WIDTH),
    }


def second_truth(sample: Log, outside: Log) -> Floats:
    """Rates drawn around each test's mean, as widely as those of other tests differ beyond chance."""
    evidence = Evidence.of(outside.shown, outside.clicked, present=outside.shown > 0)
    alike = fit_shrinkage(evidence, np.arange(len(outside.shown)), recurring=False).cell
    mean = np.maximum(sample.clicked.sum(axis=1) / sample.shown.sum(axis=1), LEAST_RATE)[:, None]
    drawn = np.random.default_rng(1).beta(mean * alike, (1 - mean) * alike, sample.shown.shape)
    return np.where(sample.shown > 0, drawn, 0.0)


def measured(played: Played, repetitions: int) -> dict[str, float]:
    """`regret_per_1000` and `best_arm_share`, with intervals over tests."""
    regret = played.regret_per_1000(repetitions)
    draws = Draws.of(np.arange(len(regret)))
    lost = ratio(regret, np.ones(len(regret)), draws)
    clicks, best = (of.reshape(-1, repetitions).sum(axis=1) for of in (played.clicks, played.best))
    share = ratio(clicks, best, draws)
    return {**_bounded("regret_per_1000", lost), **_bounded("best_arm_share", share)}


def _bounded(name: str, found: Metric) -> dict[str, float]:
    return {name: found["value"], f"{name}_low": found["ci95"][0], f"{name}_high": found["ci95"][1]}


def _against(played: dict[str, Played], name: str, repetitions: int) -> dict[str, float]:
    """What this policy loses more than the headline's, by test."""
    return _difference(played[name].regret_per_1000(repetitions) - played[HEADLINE].regret_per_1000(repetitions))


def _outside_peer(sample: Log, headline: Played, repetitions: int) -> dict[str, dict[str, float]]:
    """vowpalwabbit on the first of the tests, once each, where it is installed."""
    few = min(VOWPAL_TESTS, len(sample.shown))
    played = played_by_vowpal(sample.take(np.arange(few)).tests(sample.observed[:few]), seed=0)
    if played is None:
        return {}
    more = played.regret_per_1000(1) - headline.regret_per_1000(repetitions)[:few]
    return {f"vowpalwabbit (first {few} tests)": {**measured(played, 1), **_difference(more)}}


def _difference(more: Floats) -> dict[str, float]:
    found = ratio(more, np.ones(len(more)), Draws.of(np.arange(len(more))))
    return _bounded("difference", found)


def _padded(rows: list[list[int]], width: int) -> Floats:
    found = np.zeros((len(rows), width))
    for number, row in enumerate(rows):
        found[number, : len(row)] = row
    return found
