"""The policies that are compared: each differs from the standing publisher in what its name says, in nothing else."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.nouns import Article
from readership.models.recommendation.recommender import Recommender
from readership.pipelines.ad_policy import SellsAds
from readership.pipelines.impact_learning import Learnt
from readership.pipelines.impact_lists import Ids
from readership.pipelines.slate_policy import FrontPages
from readership.registry.bundles import Bundle
from readership.simulator import Contacted, World
from readership.simulator.newsroom import publish
from readership.simulator.policies import Policies, PromptBatch, metered
from readership.simulator.randomness import root
from readership.simulator.shelf import SHELF_DAYS
from readership.simulator.world import news_levels
from readership.simulator.writing import article_table

STANDING = "standing"
FUTURES: dict[str, dict[str, str]] = {
    STANDING: {},
    "retention_ours": {"retention": "ours"},
    "retention_likeliest": {"retention": "likeliest"},
    "retention_random": {"retention": "random"},
    "retention_oracle": {"retention": "oracle"},
    "offers_ours": {"offer": "ours"},
    "offers_last_visit": {"offer": "last_visit"},
    "offers_random": {"offer": "random"},
    "offers_oracle": {"offer": "oracle"},
    "offers_half": {"offer": "half"},
    "prompts_ours": {"prompt": "ours"},
    "prompts_last_visit": {"prompt": "last_visit"},
    "pages_ours": {"slate": "hybrid"},
    "pages_popularity": {"slate": "popularity"},
    "pages_alone": {"slate": "hybrid alone"},
    "ads_ours": {"ad": "thompson"},
    "ads_greedy": {"ad": "greedy"},
    "all_ours": {"retention": "ours", "offer": "ours", "prompt": "ours", "slate": "hybrid", "ad": "thompson"},
    "all_naive": {
        "retention": "random", "offer": "last_visit", "prompt": "last_visit", "slate": "popularity", "ad": "greedy",
    },
}  # fmt: skip
"""By name: which decision is made how; what is not named stays as it stands."""


def futures_of(learnt: Learnt) -> list[str]:
    """The names of what is compared: a list by uplift beside one by probability only where there is a model of it."""
    same = learnt.ordered_by["retention"] == "probability"
    return [name for name in FUTURES if name != "retention_likeliest" or not same]


@dataclass(frozen=True)
class TightWall:
    """The paywall asks these readers at every paywalled article, and everybody else beyond the monthly meter."""

    user_ids: Ids = field(repr=False)

    def __call__(self, batch: PromptBatch) -> NDArray[np.bool_]:
        """Whether to ask."""
        return metered(batch) | np.isin(batch.user_id, self.user_ids)


class News(NamedTuple):
    """Articles that the days to come publish, and the id of each that can be shown in them, by number."""

    coming: tuple[Article, ...]
    article_id: dict[int, str]


def news_of(world: World, day: int) -> News:
    """What the newsroom publishes, whoever decides what is shown."""
    levels, first = news_levels(world), world.start.date()
    days = range(day - SHELF_DAYS, world.days)
    level = {number: float(levels[number]) if number >= 0 else 1.0 for number in days}
    tables = {n: article_table(publish(root(world.seed), first + timedelta(days=n), level[n])) for n in days}
    names = [name for table in tables.values() for name in table["article_id"].to_pylist()]
    coming = [_article(row) for number, table in tables.items() if number >= day for row in table.to_pylist()]
    return News(tuple(coming), {int(name.rpartition("-")[2]): name for name in names})


def _article(row: Mapping[str, Any]) -> Article:
    return Article(
        article_id=row["article_id"],
        published_ms=int(row["published_at"].timestamp() * 1000),
        brand=row["brand"],
        category=row["category"],
        author=row["author"],
        article_type=row["article_type"],
        topics=tuple(row["topics"]),
        title=row["title"],
        body=row["body"],
        paywalled=bool(row["paywalled"]),
    )


class Maker:
    """Makes the policies of a future from what was learnt by the day of decision; each has memories of its own.

    sellers  by name, as they stand on the day of decision
    """

    def __init__(self, world: World, learnt: Learnt, sellers: Mapping[str, SellsAds]) -> None:
        self._learnt, self._sellers = learnt, sellers
        self._since_ms = int((world.start + timedelta(days=learnt.day)).timestamp()) * 1000
        self._news = news_of(world, learnt.day)

    def policies(self, name: str) -> Policies:
        """From the day of decision on, without the standing arms."""
        made = {decision: self._made(decision, how) for decision, how in FUTURES[name].items()}
        return Policies(arms=False, **made)

    def _made(self, decision: str, how: str) -> Any:
        if decision == "slate":
            return self._pages(how)
        if decision == "ad":
            return deepcopy(self._sellers[how])
        listed = self._learnt.lists["offer" if decision == "prompt" else decision][how]
        if decision == "prompt":
            return TightWall(listed)
        return Contacted(frozenset(listed.tolist()), self._since_ms)

    def _pages(self, how: str) -> FrontPages:
        recommender = Recommender.read(self._learnt.memory)
        for article in self._news.coming:
            recommender.put(article)
        scorer = None if how == "popularity" else Bundle.load(self._learnt.ranker).margin
        names, agreed = self._news.article_id, self._learnt.agreed
        by_editors = how != "hybrid alone"
        return FrontPages(recommender, names, agreed, self._since_ms, scorer, by_editors=by_editors)
