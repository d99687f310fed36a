"""From what the warehouse knows at a moment to the market that would decide then, and to its rivals."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.models.ads.compared import compared
from readership.models.ads.market import OTHER, Delivered, Market, Rules
from readership.models.ads.nouns import Placement, Request
from readership.models.ads.pacing import DAY_MS
from readership.models.ads.question import EVEN, WIDTHS
from readership.models.bandits.chances import restricted
from readership.models.bandits.evidence import Evidence, Floats
from readership.models.bandits.prior import Shrinkage
from readership.models.bandits.prior_fitting import fit_shrinkage
from readership.pipelines.ads_log import MILLION, AdLog, Booked

LEAST_CONTEXT = 0.01
"""Share of the impressions from which a category of articles is a context of its own."""
MOST_CONTEXTS = 24
SAID = ("country", "device_type", "brand")
"""What a logged decision says of its request, for ads that are targeted."""


@dataclass(frozen=True)
class Known:
    """What was known of ads at a moment.

    at          the moment
    booked      ads and reserve prices
    placements, contexts  where ads are shown
    shown       as `AdLog.shown` gives it
    ads         every ad booked or shown, by name
    counts      impressions and clicks [2, cells, ads], cells as a `Market` of these placements and contexts names them
    """

    at: datetime
    booked: Booked
    placements: tuple[str, ...]
    contexts: tuple[str, ...]
    shown: pl.DataFrame
    ads: tuple[str, ...]
    counts: Floats
    hours: Floats

    @classmethod
    def of(cls, log: AdLog, at: datetime) -> "Known":
        """As the publisher knew it at `at`."""
        booked, shown = log.booked(at), log.shown(at)
        placements = sorted({*shown["placement"], *(place for ad in booked.ads for place in ad.placements)})
        contexts = _contexts(shown)
        ads = tuple(sorted({*shown["ad_id"], *(ad.ad_id for ad in booked.ads)}))
        counts = _counts(shown, placements, contexts, ads)
        return cls(at, booked, tuple(placements), contexts, shown, ads, counts, log.hours(at))

    @property
    def at_ms(self) -> int:
        """The moment, ms since 1970."""
        return int(self.at.timestamp() * 1000)

    @property
    def placement_of(self) -> NDArray[np.intp]:
        """Number of each cell's placement [cells]."""
        return np.repeat(np.arange(len(self.placements)), len(self.contexts) + 1)

    def shrinkage(self) -> Shrinkage:
        """How alike placements, contexts and ads were so far; NotEnoughData without a click."""
        return fit_shrinkage(Evidence.of(*self.counts), self.placement_of)

    def market(self, shrinkage: Shrinkage, width: float) -> Market:
        """Opened on all that was known, refreshed, ready to decide."""
        places = [Placement(name, self.booked.reserve_of(name)) for name in self.placements]
        market = Market(places, self.contexts, shrinkage, Rules(even=EVEN, width=width), self.hours)
        counts = market.learner.counts.with_arms(self.ads)
        market.learner.counts = replace(counts, shown=self.counts[0].copy(), clicked=self.counts[1].copy())
        market.delivered = self._delivered()
        market.book_ads(self.booked.ads)
        market.refresh(self.at_ms)
        return market

    def _delivered(self) -> Delivered:
        day_ms = self.at_ms // DAY_MS * DAY_MS
        of = {ad.ad_id: ad.campaign_id for ad in self.booked.ads}
        rows = self.shown.with_columns(
            campaign=pl.col("ad_id").replace_strict(of, default=pl.col("campaign_id")),
            euros=(pl.col("shown_micros") + pl.col("click_micros")) / MILLION,
        )
        today = rows.filter(pl.col("day_ms") == day_ms)
        return Delivered(
            day=self.at_ms // DAY_MS,
            before_eur=_by_campaign(rows.filter(pl.col("day_ms") < day_ms), "euros"),
            today_eur=_by_campaign(today, "euros"),
            shown={name: int(many) for name, many in _by_campaign(today, "shown").items()},
        )


class Situations(NamedTuple):
    """The different requests among some decisions.

    number    of each decision [n]
    requests  one each
    """

    number: NDArray[np.intp]
    requests: tuple[Request, ...]

    @classmethod
    def of(cls, decisions: pl.DataFrame, known: Known) -> "Situations":
        """Told apart by placement, context, and what some booked ad asks about."""
        asked = sorted({name for ad in known.booked.ads for name in ad.targeting} & set(SAID))
        names = ["placement", "context", *asked]
        rows = decisions.with_columns(
            context=pl.when(pl.col("beside").is_in(known.contexts)).then(pl.col("beside")).otherwise(pl.lit(OTHER))
        )
        unique = rows.select(names).unique().sort(names).with_row_index("number")
        number = rows.join(unique, on=names, how="left", maintain_order="left")["number"].to_numpy()
        requests = [
            Request(known.at_ms, row["placement"], row["context"], {name: row[name] for name in asked})
            for row in unique.to_dicts()
        ]
        return cls(number.astype(np.intp), tuple(requests))


class Rivals(NamedTuple):
    """Chances by policy [situations, ads], and which situations have an ad to show at all [situations]."""

    chances: dict[str, Floats]
    filled: NDArray[np.bool_]


def rivals(known: Known, shrinkage: Shrinkage, situations: Situations) -> Rivals:
    """Candidates and compared policies, as they would decide by what was known, among the same eligible ads."""
    markets = {name: known.market(shrinkage, width) for name, width in WIDTHS.items()}
    first = next(iter(markets.values()))
    eligible = np.array([_eligible(first, request, known.ads) for request in situations.requests])
    found = {
        name: np.array([
            restricted(market.learner.chances[market.cells[market.cell(request)]], mask)
            for request, mask in zip(situations.requests, eligible, strict=True)
        ])
        for name, market in markets.items()
    }  # fmt: skip
    rows = np.array([known.placements.index(request.placement) for request in situations.requests])
    totals = np.zeros((2, len(known.placements), len(known.ads)))
    for place, cell in enumerate(known.placement_of):
        totals[:, cell] += known.counts[:, place]
    click, thousand = prices(known)
    evidence = Evidence.of(
        totals[0][rows], totals[1][rows], present=eligible, per_click=click, per_show=thousand / 1000
    )
    mean = float(known.counts[1].sum() / max(known.counts[0].sum(), 1.0))
    return Rivals({**found, **compared(evidence, mean)}, np.asarray(eligible.any(axis=1), bool))


def prices(known: Known) -> tuple[Floats, Floats]:
    """Euros for a click and for a thousand impressions of each ad [ads]; 0 where it is booked no more."""
    click, thousand = np.zeros(len(known.ads)), np.zeros(len(known.ads))
    for ad in known.booked.ads:
        place = known.ads.index(ad.ad_id)
        click[place], thousand[place] = ad.per_click_eur, ad.per_thousand_eur
    return click, thousand


def _eligible(market: Market, request: Request, ads: Sequence[str]) -> NDArray[np.bool_]:
    mask = np.zeros(len(ads), bool)
    for ad, yes in zip(market.book.ads, market.eligible(request), strict=True):
        mask[ads.index(ad.ad_id)] = yes
    return mask


def _contexts(shown: pl.DataFrame) -> tuple[str, ...]:
    total = float(shown["shown"].sum() or 1)
    of = shown.filter(pl.col("beside") != OTHER).group_by("beside").agg(pl.col("shown").sum())
    kept = of.filter(pl.col("shown") >= LEAST_CONTEXT * total).sort("shown", "beside", descending=[True, False])
    return tuple(sorted(kept["beside"].head(MOST_CONTEXTS).to_list()))


def _counts(shown: pl.DataFrame, placements: Sequence[str], contexts: Sequence[str], ads: Sequence[str]) -> Floats:
    places, beside, arms = ({name: n for n, name in enumerate(names)} for names in (placements, contexts, ads))
    wide = len(contexts) + 1
    cell = [
        places[place] * wide + (1 + beside[context] if context in beside else 0)
        for place, context in shown.select("placement", "beside").iter_rows()
    ]
    arm = [arms[ad] for ad in shown["ad_id"]]
    found = np.zeros((2, len(placements) * wide, len(ads)))
    for of, name in zip(found, ("shown", "clicked"), strict=True):
        np.add.at(of, (cell, arm), shown[name].to_numpy())
    return found


def _by_campaign(rows: pl.DataFrame, column: str) -> dict[str, float]:
    return dict(rows.group_by("campaign").agg(pl.col(column).sum()).sort("campaign").iter_rows())
