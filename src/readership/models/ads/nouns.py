"""What selling a place for an advertisement speaks of."""

from collections.abc import Mapping
from typing import NamedTuple


class Ad(NamedTuple):
    """An advertisement as it is booked.

    per_click_eur, per_thousand_eur  what the advertiser pays for a click, and for a thousand impressions
    budget_eur   of its campaign, from its start to its end; None where it has no limit
    placements   where it may stand; empty: anywhere
    targeting    what a request must say, by name: {"country": ("DE", "AT")}
    most_a_day   how often one reader may see it a day; None where it has no limit
    """

    ad_id: str
    campaign_id: str
    per_click_eur: float = 0.0
    per_thousand_eur: float = 0.0
    starts_ms: int = 0
    ends_ms: int | None = None
    budget_eur: float | None = None
    category: str = ""
    placements: tuple[str, ...] = ()
    targeting: Mapping[str, tuple[str, ...]] = {}
    most_a_day: int | None = None


class Placement(NamedTuple):
    """A place that is sold; `reserve_ecpm_eur` is the least a thousand impressions of it are sold for."""

    name: str
    reserve_ecpm_eur: float = 0.0


class Request(NamedTuple):
    """A place to be filled now.

    context   of the article beside it, one of those the market was opened with; others count as ""
    says      what targeting asks about: {"country": "DE", "brand": "daily"}
    unsafe    categories of ads that may not stand beside this article (brand safety)
    seen      how often this reader saw an ad today, by ad; empty where nobody is known
    """

    at_ms: int
    placement: str
    context: str = ""
    says: Mapping[str, str] = {}
    unsafe: frozenset[str] = frozenset()
    seen: Mapping[str, int] = {}


class Sold(NamedTuple):
    """What is shown, the chance with which it was drawn, and what a thousand such impressions are expected to bring."""

    ad_id: str
    campaign_id: str
    propensity: float
    ecpm_eur: float
    cell: str
