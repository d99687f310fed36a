"""Selling places: which advertisement, by what it is expected to bring, drawn so that it can be evaluated afterwards.

Every minute or so `refresh` works out, from all that is known, the chance of each ad in each cell (placement and
context): Thompson over 1000 · chance of a click · price of a click + price of a thousand impressions, in euros, each
price times the pacing of its campaign. A request then asks only who is eligible, restricts the cell's chances to them,
and draws; at 1,000 ads well within a millisecond.

Eligible is what is booked for now, for this place and these readers, may stand beside this article, has budget left, is
not above its campaign's share, and is expected to bring the reserve price.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readership.errors import InputError
from readership.models.ads.book import Book, Flags, Floats
from readership.models.ads.nouns import Ad, Placement, Request, Sold
from readership.models.ads.pacing import DAY_MS, EVEN_HOURS, Pacing
from readership.models.bandits.counts import Counts
from readership.models.bandits.evidence import Evidence
from readership.models.bandits.feedback import Settled
from readership.models.bandits.learner import Learner
from readership.models.bandits.prior import Hierarchy, Shrinkage
from readership.models.bandits.thompson import Thompson, posterior

OTHER = ""
"""The context of articles of which no other is known."""
FEW_SHOWN = 200
"""Impressions of a day before a campaign's share of them is looked at."""


@dataclass(frozen=True)
class Rules:
    """How a publisher sells.

    even        share of the impressions drawn evenly from the eligible
    width       of the posterior's spread: 1 is Thompson, less explores less, next to 0 shows the best so far
    most_share  of a day's impressions that one campaign may have
    half_life_days  after which an impression counts half; infinite: never
    """

    even: float = 0.05
    width: float = 1.0
    most_share: float = 1.0
    half_life_days: float = float("inf")

    def __post_init__(self) -> None:
        if not 0 < self.most_share <= 1:
            raise InputError(f"a campaign may have {self.most_share} of the impressions; give a share up to 1")


@dataclass
class Delivered:
    """Of each campaign, by name: euros spent before today and today, impressions today; sums, so replicas add up."""

    day: int = 0
    before_eur: dict[str, float] = field(default_factory=dict)
    today_eur: dict[str, float] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)

    def turn(self, day: int) -> None:
        """Midnight: today's spending joins what was spent before."""
        if day > self.day:
            for name, euros in self.today_eur.items():
                self.before_eur[name] = self.before_eur.get(name, 0.0) + euros
            self.day, self.today_eur, self.shown = day, {}, {}

    def add(self, campaign: str, euros: float, shown: bool) -> None:
        """One impression or click was paid for."""
        self.today_eur[campaign] = self.today_eur.get(campaign, 0.0) + euros
        self.shown[campaign] = self.shown.get(campaign, 0) + shown


class Market:
    """The places of a publisher, what is booked for them, and what was learnt of it."""

    def __init__(
        self,
        placements: Sequence[Placement],
        contexts: Sequence[str],
        shrinkage: Shrinkage,
        rules: Rules,
        hours: Floats = EVEN_HOURS,
    ) -> None:
        self.placements = {placement.name: placement for placement in placements}
        self.rules, self.hours, self.delivered = rules, hours, Delivered()
        names = [f"{placement}/{context}" for placement in self.placements for context in (OTHER, *contexts)]
        self.cells = {name: number for number, name in enumerate(names)}
        self.prior = Hierarchy(shrinkage, np.repeat(np.arange(len(placements)), len(contexts) + 1))
        counts = Counts.empty(names, half_life_ms=rules.half_life_days * DAY_MS)
        self.learner = Learner(Thompson(self.prior, width=rules.width), counts, rules.even)
        self.book_ads([])

    def book_ads(self, ads: Sequence[Ad]) -> None:
        """These are booked from now on; new ones are shown from the next refresh on, those left out no more."""
        self.book = Book.of(ads, tuple(self.placements))
        self.pacing = Pacing.of(self.book, self.hours)
        self.learner.arms([ad.ad_id for ad in ads])
        self._column = np.array([self.learner.counts.arms.index(ad.ad_id) for ad in ads], np.intp)
        self._click = np.array([ad.per_click_eur for ad in ads])
        self._thousand = np.array([ad.per_thousand_eur for ad in ads])
        self.ecpm_eur = np.zeros((len(self.cells), len(ads)))
        self._spent = np.zeros(len(self.book.campaigns))
        self._sellable = np.ones(len(ads), bool)

    def refresh(self, now_ms: int) -> None:
        """Work out chances, expected revenue and pacing anew."""
        self.delivered.turn(now_ms // DAY_MS)
        self._spending()
        pace = self.pacing.multipliers(*self._euros(), now_ms)[self.book.campaign]
        arms = len(self.learner.counts.arms)
        click, show = np.zeros(arms), np.zeros(arms)
        click[self._column], show[self._column] = pace * self._click, pace * self._thousand / 1000
        self.learner.refresh(now_ms, per_click=click, per_show=show)
        evidence = Evidence.of(*self.learner.counts.at(now_ms))
        rate = posterior(self.prior, evidence).rate[:, self._column]
        self.ecpm_eur = 1000 * rate * self._click + self._thousand

    def eligible(self, request: Request) -> Flags:
        """Which of the booked ads may be shown in answer to this request [ads]."""
        reserve = self.placements[request.placement].reserve_ecpm_eur if request.placement in self.placements else 0.0
        dear = self.ecpm_eur[self.cells[self.cell(request)]] >= reserve
        return self.book.eligible(request) & self._sellable & dear

    def decide(self, request: Request, lot: float) -> Sold | None:
        """What is shown, drawn by a lot in [0, 1); None where nothing may be."""
        mask = self.eligible(request)
        cell = self.cells[self.cell(request)]
        among = np.zeros(len(self.learner.counts.arms), bool)
        among[self._column[mask]] = True
        choice = self.learner.choose(cell, among, lot)
        if choice is None:
            return None
        number = self.book.place[self.learner.counts.arms[choice.arm]]
        ad = self.book.ads[number]
        return Sold(ad.ad_id, ad.campaign_id, choice.propensity, float(self.ecpm_eur[cell, number]), self.cell(request))

    def cell(self, request: Request) -> str:
        """The name of the cell a request falls in; InputError on a placement nobody sells."""
        if request.placement not in self.placements:
            raise InputError(
                f"placement {request.placement!r} is not sold; there are {', '.join(sorted(self.placements))}"
            )
        name = f"{request.placement}/{request.context}"
        return name if name in self.cells else f"{request.placement}/{OTHER}"

    def learn(self, settled: Sequence[Settled]) -> None:
        """Count what became of decisions, and what was paid for them, in any order."""
        self.learner.learn(settled)
        for one in settled:
            number = self.book.place.get(one.decision.arm)
            if number is not None:
                self.delivered.add(self.book.ads[number].campaign_id, one.revenue_eur, one.shown)
        self._spending()

    def _euros(self) -> tuple[Floats, Floats]:
        before, today = self.delivered.before_eur, self.delivered.today_eur
        return (
            np.array([before.get(name, 0.0) for name in self.book.campaigns]),
            np.array([today.get(name, 0.0) for name in self.book.campaigns]),
        )

    def _spending(self) -> None:
        """Which ads have budget left, and a campaign that has not had more than its share of today."""
        before, today = self._euros()
        shown = np.array([self.delivered.shown.get(name, 0) for name in self.book.campaigns])
        total = sum(self.delivered.shown.values())
        within = (shown <= self.rules.most_share * total) | (total < FEW_SHOWN)
        self._sellable = ((before + today < self.book.budget_eur) & within)[self.book.campaign]

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """What was learnt and delivered, to store without objects; `restore` takes it up again."""
        names = sorted(set(self.delivered.before_eur) | set(self.delivered.today_eur) | set(self.delivered.shown))
        columns = (self.delivered.before_eur, self.delivered.today_eur, self.delivered.shown)
        return {
            **self.learner.to_arrays(),
            "day": np.array(self.delivered.day),
            "campaigns": np.array(names, dtype=np.str_),
            "delivered": np.array([[of.get(name, 0) for of in columns] for name in names], np.float64).reshape(-1, 3),
        }

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what was stored; the same ads stay booked. InputError where it is of other cells."""
        learner = Learner.from_arrays(self.learner.policy, arrays)
        if learner.counts.cells != self.learner.counts.cells:
            raise InputError("the stored state is of other placements or contexts; start anew, or open the same market")
        self.learner = learner
        names, rows = arrays["campaigns"], arrays["delivered"]
        of = [{str(name): float(row[k]) for name, row in zip(names, rows, strict=True)} for k in range(3)]
        self.delivered = Delivered(int(arrays["day"]), of[0], of[1], {name: int(many) for name, many in of[2].items()})
        self.book_ads(self.book.ads)
