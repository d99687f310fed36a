"""Each candidate source ranking by itself, on the very reads that the hybrid is judged on."""

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.factors import FITS, Reads, Scores
from readership.models.recommendation.features import NAMES
from readership.models.recommendation.recommender import Recommender
from readership.models.recommendation.replay import Step, place_of_read

FAST = {
    "decayed_popularity": "popular",
    "power_law_popularity": "power_share",
    "newest_first": "newest_rank",
    "together": "together",
    "neighbours": "neighbours",
}
"""By name, the feature that is the source's score; `newest_rank` counts from the top."""


class SingleSources:
    """Scores of the fast sources, and of the factor models, which are refitted daily on all reads up to midnight."""

    def __init__(self, recommender: Recommender, since_ms: int) -> None:
        self._recommender = recommender
        self._since_ms = since_ms
        self._fitted: dict[str, Scores] = {}

    def refit(self, day_ms: int) -> None:
        """Fit the factor models on what is known at the beginning of a day; before `since_ms` nothing is done."""
        if day_ms >= self._since_ms:
            reads = _reads(self._recommender)
            self._fitted = {name: fit(reads) for name, fit in FITS.items()}

    def ranks(self, step: Step, random: np.random.Generator) -> dict[str, int]:
        """Rank of the article that was read by each source."""
        found = {}
        for name, feature in FAST.items():
            values = step.shortlist.features[:, NAMES.index(feature)].astype(np.float64)
            found[name] = place_of_read(step, -values if feature == "newest_rank" else values, random)
        return found | {name: self._by_factors(step, scores, random) for name, scores in self._fitted.items()}

    def _by_factors(self, step: Step, scores: Scores, random: np.random.Generator) -> int:
        """Rank among all articles that could be recommended; one newer than the fit scores nothing."""
        moment = step.shortlist.moment
        every = np.setdiff1d(moment.live.fresh, moment.unwanted)
        known = scores(moment.row, moment.history.place)
        values = np.zeros(len(self._recommender.catalogue))
        values[: len(known)] = known
        place = self._recommender.catalogue.place(step.read.article_id)
        own = values[place]
        ties = max(int((values[every] == own).sum()), 1)
        return 1 + int((values[every] > own).sum()) + int(random.integers(ties))


def _reads(recommender: Recommender) -> Reads:
    """What the memory holds of who read what."""
    history = recommender.memory.history
    reader, column = np.nonzero(history.value.values >= 0)
    place: NDArray[np.int32] = history.value.values[reader, column]
    pairs = np.unique(np.stack([reader, place]), axis=1)
    return Reads(pairs[0], pairs[1], len(history.value.values), len(recommender.catalogue))
