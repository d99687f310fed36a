"""vowpalwabbit as an outside peer: its contextual-bandit learner without a context, one model a test."""

from importlib.util import find_spec

import numpy as np

from readership.benchmarks.bandit_replay import Played, Trials, play
from readership.models.bandits.evidence import Evidence, Floats

ARGUMENTS = "--cb_explore {arms} --bag 8 --quiet"


class VowpalWabbit:
    """Plays one test: told after each batch what is new in the counts, asked for its chances."""

    name = "vowpalwabbit"

    def __init__(self, arms: int) -> None:
        from vowpalwabbit import Workspace

        self.workspace = Workspace(ARGUMENTS.format(arms=arms))
        self.arms, self.known, self.given = arms, np.zeros((2, arms)), np.full(arms, 1 / arms)

    def chances(self, evidence: Evidence, rng: np.random.Generator) -> Floats:
        """Learn the batch in an order drawn by lot, as examples `arm:cost:chance`, then predict."""
        now = np.stack([evidence.shown[0, : self.arms], evidence.clicked[0, : self.arms]])
        shown, clicked = (now - self.known).astype(int)
        arm = np.repeat(np.arange(self.arms), shown)
        click = np.concatenate([np.arange(many) < hits for many, hits in zip(shown, clicked, strict=True)])
        for row in rng.permutation(len(arm)):
            self.workspace.learn(f"{arm[row] + 1}:{-int(click[row])}:{self.given[arm[row]]:.6f} |")
        self.known = now
        self.given = np.asarray(self.workspace.predict("|"), np.float64)
        self.given /= self.given.sum()
        found = np.zeros(evidence.shown.shape)
        found[0, : self.arms] = self.given
        return found


def played_by_vowpal(tests: Trials, seed: int) -> Played | None:
    """Every test played once; None where vowpalwabbit is not installed."""
    if find_spec("vowpalwabbit") is None:
        return None
    parts = []
    for number in range(len(tests.rate)):
        one = Trials(tests.rate[[number]], tests.present[[number]], tests.impressions[[number]])
        parts.append(play(one, VowpalWabbit(int(one.present.sum())), seed=seed + number))
    return Played(*(np.concatenate(column) for column in zip(*parts, strict=True)))
