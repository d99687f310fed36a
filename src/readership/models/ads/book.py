"""Everything booked, as columns: who may be shown where is answered for all at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readership.errors import InputError
from readership.models.ads.nouns import Ad, Request

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
NEVER_MS = 2**62


@dataclass(frozen=True)
class Book:
    """One entry an ad; what is asked of every request is worked out beforehand.

    campaign     place of its campaign in `campaigns` [ads]
    budget_eur   of each campaign [campaigns], infinite where there is no limit
    starts_ms, ends_ms  of each ad [ads]
    stands       where it may stand, by placement [ads]
    targets      by what a request says and by its value: the ads that go with it; under "" those that do not ask
    categories   ads of each category [ads]
    """

    ads: tuple[Ad, ...]
    place: dict[str, int]
    campaigns: tuple[str, ...]
    campaign: NDArray[np.intp]
    budget_eur: Floats
    starts_ms: NDArray[np.int64]
    ends_ms: NDArray[np.int64]
    stands: dict[str, Flags]
    targets: dict[str, dict[str, Flags]]
    categories: dict[str, Flags]

    @classmethod
    def of(cls, ads: Sequence[Ad], placements: Sequence[str]) -> "Book":
        """InputError on an ad booked twice, a price or budget below 0, or a campaign with two budgets."""
        _check(ads, placements)
        campaigns = tuple(sorted({ad.campaign_id for ad in ads}))
        budget = {ad.campaign_id: float("inf") if ad.budget_eur is None else ad.budget_eur for ad in ads}
        return cls(
            ads=tuple(ads),
            place={ad.ad_id: number for number, ad in enumerate(ads)},
            campaigns=campaigns,
            campaign=np.searchsorted(campaigns, [ad.campaign_id for ad in ads]) if ads else np.zeros(0, np.intp),
            budget_eur=np.array([budget[name] for name in campaigns]),
            starts_ms=np.array([ad.starts_ms for ad in ads], np.int64),
            ends_ms=np.array([NEVER_MS if ad.ends_ms is None else ad.ends_ms for ad in ads], np.int64),
            stands={
                name: np.array([not ad.placements or name in ad.placements for ad in ads], bool) for name in placements
            },
            targets=_targets(ads),
            categories={name: np.array([ad.category == name for ad in ads]) for name in {ad.category for ad in ads}},
        )

    def eligible(self, request: Request) -> Flags:
        """Which ads may be shown: booked for now, for this place, these readers, beside this article [ads].

        InputError on a placement nobody sells.
        """
        stands = self.stands.get(request.placement)
        if stands is None:
            raise InputError(f"placement {request.placement!r} is not sold; there are {', '.join(sorted(self.stands))}")
        found = stands & (self.starts_ms <= request.at_ms) & (request.at_ms < self.ends_ms)
        for name, of_value in self.targets.items():
            found &= of_value.get(request.says.get(name, ""), of_value[""])
        for category in request.unsafe:
            if category in self.categories:
                found &= ~self.categories[category]
        for ad_id, times in request.seen.items():
            number = self.place.get(ad_id)
            most = None if number is None else self.ads[number].most_a_day
            if number is not None and most is not None and times >= most:
                found[number] = False
        return found


def _check(ads: Sequence[Ad], placements: Sequence[str]) -> None:
    known: dict[str, float | None] = {}
    seen: set[str] = set()
    for ad in ads:
        prices = {
            "per_click_eur": ad.per_click_eur,
            "per_thousand_eur": ad.per_thousand_eur,
            "budget_eur": ad.budget_eur,
        }
        for name, value in prices.items():
            if value is not None and not 0 <= value < float("inf"):
                raise InputError(f"ad {ad.ad_id!r} has {name} {value}; give euros from 0 on")
        if known.setdefault(ad.campaign_id, ad.budget_eur) != ad.budget_eur:
            raise InputError(
                f"campaign {ad.campaign_id!r} has a budget of {known[ad.campaign_id]} EUR and, by ad {ad.ad_id!r}, of "
                f"{ad.budget_eur} EUR; give its ads the same"
            )
        if ad.ad_id in seen:
            raise InputError(f"ad {ad.ad_id!r} is booked twice; give each ad an id of its own")
        seen.add(ad.ad_id)
        if missing := set(ad.placements) - set(placements):
            raise InputError(f"ad {ad.ad_id!r} is booked for {sorted(missing)}, which is not sold")


def _targets(ads: Sequence[Ad]) -> dict[str, dict[str, Flags]]:
    found: dict[str, dict[str, Flags]] = {}
    for name in sorted({name for ad in ads for name in ad.targeting}):
        asks_not = np.array([name not in ad.targeting for ad in ads])
        values = {value for ad in ads for value in ad.targeting.get(name, ())}
        found[name] = {
            value: asks_not | np.array([value in ad.targeting.get(name, ()) for ad in ads]) for value in sorted(values)
        } | {"": asks_not}
    return found
