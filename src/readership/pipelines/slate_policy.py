"""The recommender as the policy that fills a simulated publisher's front pages."""

from collections.abc import Mapping, Set

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.nouns import Asker, Read, Shown
from readership.models.recommendation.recommender import Recommender, Scorer
from readership.simulator.policies import SlateBatch, editors_choice
from readership.simulator.words import BRANDS


class FrontPages:
    """From `since_ms` on the front pages are filled by a recommender; until then, and elsewhere, by the editors.

    It learns from what is shown and clicked as serving does from its events: that of front pages tick by tick, that of
    related articles, which the world decides after the day's front pages, by the next day. Whoever is not logged in, or
    did not agree to personalisation, is nobody: each of their slates is that of a new reader.

    recommender  knows the articles, and the reads before `since_ms`; it is changed
    article_id   by number of the article
    agreed       user ids of those who agreed to personalisation
    scorer       the ranker; None fills by decayed popularity
    by_editors   whether the articles of a page are those that the editors chose, and only their order is the
                 recommender's
    """

    every = 1

    def __init__(
        self,
        recommender: Recommender,
        article_id: Mapping[int, str],
        agreed: Set[int],
        since_ms: int,
        scorer: Scorer | None,
        *,
        by_editors: bool = False,
    ) -> None:
        self._recommender, self._article_id, self._agreed = recommender, article_id, agreed
        self._since_ms, self._scorer, self._by_editors = since_ms, scorer, by_editors
        self._waiting: list[Read] = []

    def __call__(self, batch: SlateBatch) -> NDArray[np.int64]:
        """See `Policies.slate`."""
        columns = editors_choice(batch)
        if batch.placement != "front":
            return columns
        ours = np.flatnonzero(batch.at >= self._since_ms)
        if len(ours):
            self._catch_up(int(batch.at[ours].min()))
        for row in ours.tolist():
            columns[row] = self._filled(
                batch, row, columns[row] if self._by_editors else np.arange(len(batch.candidates[row]))
            )
        return columns

    def learn(self, batch: SlateBatch, answer: NDArray[np.int64], clicked: NDArray[np.bool_]) -> None:
        """Remember what was shown and clicked; `clicked` has an entry for each place filled, slate by slate."""
        row, place = np.nonzero(answer >= 0)
        number = batch.candidates[row, answer[row, place]]
        self._count(batch.at[row], number, place)
        for slate, article in zip(row[clicked].tolist(), number[clicked].tolist(), strict=True):
            at, user = int(batch.at[slate]), self._known(batch, slate)
            if at >= self._since_ms:
                reader = int(batch.key[slate]) if user is None else user
                self._waiting.append(Read(at, reader, self._article_id[article], known=user is not None))

    def _count(self, at_ms: NDArray[np.int64], number: NDArray[np.int64], place: NDArray[np.intp]) -> None:
        """What was shown; in which visit is not told, as it is not over HTTP."""
        ours = at_ms >= self._since_ms
        if ours.any():
            names = np.array([self._article_id[one] for one in number[ours].tolist()], dtype=object)
            visit = np.zeros(int(ours.sum()), dtype=np.uint64)
            self._recommender.shown(Shown(at_ms[ours], names, place[ours] + 1, visit))

    def _known(self, batch: SlateBatch, row: int) -> int | None:
        user = int(batch.user_id[row])
        return user if user in self._agreed else None

    def _catch_up(self, at_ms: int) -> None:
        """Learn what was read before this moment."""
        self._waiting.sort(key=lambda read: read.at_ms)
        before = sum(read.at_ms < at_ms for read in self._waiting)
        self._recommender.learn(self._waiting[:before])
        del self._waiting[:before]

    def _filled(self, batch: SlateBatch, row: int, open_to: NDArray[np.int64]) -> NDArray[np.int64]:
        """Columns for one slate, of these, in the recommender's order; what it does not rank follows by weight."""
        numbers = batch.candidates[row]
        column = {self._article_id[int(numbers[k])]: k for k in open_to.tolist() if k >= 0 and numbers[k] >= 0}
        asker = Asker(int(batch.at[row]), self._known(batch, row), brand=BRANDS[int(batch.brand[row])])
        ranked = self._recommender.rank(asker, most=1_000, scorer=self._scorer)
        names = (self._recommender.catalogue.article(place).article_id for place in ranked.article.tolist())
        chosen = [column[name] for name in names if name in column]
        taken = set(chosen)
        rest = sorted((k for k in column.values() if k not in taken), key=lambda k: (-batch.weight[row, k], k))
        chosen += rest
        found = np.full(batch.places, -1)
        found[: len(chosen)] = chosen[: batch.places]
        return found
