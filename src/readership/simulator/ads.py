"""Advertising: what is on offer, what is shown beside which article, what is clicked and what it earns."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.simulator import parameters as p
from readership.simulator.policies import AdBatch, Policies, by_bid, decide
from readership.simulator.population import People
from readership.simulator.randomness import Keys, key, keys, normal, uniform
from readership.simulator.reading import Reads
from readership.simulator.sessions import Sessions
from readership.simulator.shelf import Shelf
from readership.simulator.words import CATEGORIES

Numbers = NDArray[np.float64]
Codes = NDArray[np.integer]
Flags = NDArray[np.bool_]

AD_PLACEMENTS = ("top", "inline")
AD_CATEGORIES = ("retail", "finance", "travel", "automotive", "household", "entertainment")
ADS = tuple(f"ad-{number:03}" for number in range(p.ADS))
ADS_IN_CAMPAIGN, ADS_IN_CATEGORY = 5, p.ADS // len(AD_CATEGORIES)
CAMPAIGNS = tuple(f"campaign-{number:02}" for number in range(p.ADS // ADS_IN_CAMPAIGN))
AFTER_MS = np.array([400, 9000])
"""How long an article is open when the place comes into view."""
BY_SEGMENT = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.4, -0.6, 0.3, -0.4, -0.6, 0.8],
        [0.0, 0.7, 0.3, 0.4, -0.2, -0.2],
        [-0.2, 0.2, 0.5, 0.0, 0.5, -0.4],
        [0.1, 0.0, 0.0, 0.1, 0.1, 0.0],
    ]
)
"""What each segment of readers takes an interest in, by category of advertisement (log)."""
FITS = {
    "economy": "finance",
    "world": "travel",
    "sport": "automotive",
    "culture": "entertainment",
    "technology": "retail",
    "lifestyle": "household",
}


class Ads(NamedTuple):
    """What advertisers book; one entry an advertisement.

    cpm    euros for a thousand impressions; `cpc` for a click
    craft  how well the creative is made (moves the log of the chance of a click)
    bids   euros a thousand impressions are hoped to bring, by which the publisher ranks
    """

    category: Codes
    campaign: Codes
    cpm: Numbers
    cpc: Numbers
    craft: Numbers
    bids: Numbers


def booked(seed_key: int) -> Ads:
    """Every second campaign pays mostly for clicks, the others for impressions."""
    number = np.arange(p.ADS)
    own, campaign = keys(key(seed_key, "ads"), number), number // ADS_IN_CAMPAIGN
    by_click = campaign % 2 == 1
    cpm = p.AD_EUR_PER_THOUSAND * np.exp(0.5 * normal(own, "cpm") - 0.125) * np.where(by_click, 0.15, 1.0)
    cpc = np.where(by_click, p.AD_EUR_PER_CLICK * np.exp(0.4 * normal(own, "cpc")), 0.0)
    hoped = cpm + 1000 * p.AD_CLICK_HOPED * cpc
    return Ads(number // ADS_IN_CATEGORY, campaign, cpm, cpc, p.AD_CRAFT * normal(own, "craft"), hoped)


@dataclass(frozen=True)
class AdSlots:
    """One entry an advertisement shown, in the order of the reads it stood beside.

    read        place in Reads
    place       0 top, 1 inline
    arm         whether the standing arm chose, evenly
    propensity  the chance with which this one was chosen, nan where the policy tells none
    chance      probability of a click
    shown_eur   earned by the impression; `click_eur` by a click, if there is one
    value_eur   expected of this one; `best_eur` of the best, `even_eur` of one drawn evenly
    """

    key: Keys
    read: Codes
    place: Codes
    ad: Codes
    arm: Flags
    propensity: Numbers
    chance: Numbers
    clicked: Flags
    shown_eur: Numbers
    click_eur: Numbers
    value_eur: Numbers
    best: Codes
    best_eur: Numbers
    even_eur: Numbers

    def __len__(self) -> int:
        return len(self.key)


def advertise(
    people: People,
    sessions: Sessions,
    reads: Reads,
    shelf: Shelf,
    ads: Ads,
    policies: Policies,
    served: Flags,
    user_id: NDArray[np.uint64],
    allowed: Flags,
) -> AdSlots:
    """Fill the places beside what was read.

    served   sessions with advertising; `allowed`: with consent to its being personal, else it earns less
    user_id  by session, 0 where nobody is logged in
    """
    with_ads = served[reads.session][:, None] & (reads.dwell[:, None] * 1000 > AFTER_MS)
    read, place = np.nonzero(with_ads)
    session = reads.session[read]
    person, article = sessions.person[session], reads.article[read]
    own = keys(reads.key[read], 500 + place)
    pull = _pull(people, person, shelf.articles.category[article], place)

    def clicks(rows: NDArray[np.intp], ad: Codes) -> Flags:
        return uniform(keys(own[rows], ad), "click") < _chance(pull[rows, ads.category[ad]], ads.craft[ad])

    batch = AdBatch(
        key=own,
        user_id=user_id[session],
        at=reads.start[read] + AFTER_MS[place],
        place=place,
        category=shelf.articles.category[article],
        device=sessions.device[session],
        bids=ads.bids,
    )
    ad = np.asarray(decide(policies.ad, batch, clicks)).astype(np.int64)
    arm = policies.arms & (uniform(people.key[person], "ad arm") < p.ARM)
    ad = np.where(arm, (uniform(own, "even") * p.ADS).astype(np.int64), ad)
    known = ads.bids[ad] / ads.bids.sum() if policies.ad is by_bid else np.full(len(ad), np.nan)
    worth = np.where(allowed[session], 1.0, p.AD_WITHOUT_CONSENT)
    chances = _chance(pull[:, ads.category], ads.craft)
    values = (ads.cpm / 1000 + chances * ads.cpc) * worth[:, None]
    row, best = np.arange(len(ad)), values.argmax(axis=1)
    return AdSlots(
        key=own,
        read=read,
        place=place,
        ad=ad,
        arm=arm,
        propensity=np.where(arm, 1 / p.ADS, known),
        chance=chances[row, ad],
        clicked=clicks(row, ad),
        shown_eur=ads.cpm[ad] / 1000 * worth,
        click_eur=ads.cpc[ad] * worth,
        value_eur=values[row, ad],
        best=best,
        best_eur=values[row, best],
        even_eur=values.mean(axis=1) if len(ad) else np.zeros(0),
    )


def _pull(people: People, person: Codes, category: Codes, place: Codes) -> Numbers:
    """Chance of a click on a middling creative of each category of advertisement [n, categories]."""
    kinds = len(AD_CATEGORIES)
    own = keys(people.key[person][:, None], np.arange(kinds)[None, :] + 900)
    taste = BY_SEGMENT[people.segment[person]] + normal(own.ravel(), "ad taste").reshape(len(person), kinds)
    fits = np.zeros((len(CATEGORIES), kinds))
    for article, ad in FITS.items():
        fits[CATEGORIES.index(article), AD_CATEGORIES.index(ad)] = 1.0
    base = p.AD_CLICK * p.AD_BY_PLACE[place] * people.ad_tolerance[person]
    return base[:, None] * np.exp(p.AD_TASTE * taste + p.AD_CONTEXT * fits[category])


def _chance(pull: Numbers, craft: Numbers) -> Numbers:
    return np.minimum(pull * np.exp(craft), p.MAX_AD_CLICK)
