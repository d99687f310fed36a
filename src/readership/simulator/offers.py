"""Asking readers for money, or to stay: paywall prompts, offers to subscribe and retention offers.

The standing arms: of readers who are eligible for an offer, a tenth is in the arm for this time; of these every second
one, by lot, is made the offer, and both halves are logged. The others are left to the policy.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.simulator import parameters as p
from readership.simulator.accounts import DAY_MS, Accounts, cancel_wish, capped
from readership.simulator.habit import Inner
from readership.simulator.policies import TICK_MS, OfferBatch, Policies, PromptBatch, decide
from readership.simulator.population import People
from readership.simulator.randomness import Keys, keys, uniform
from readership.simulator.reading import Reads
from readership.simulator.sessions import Sessions
from readership.simulator.shelf import Shelf

Numbers = NDArray[np.float64]
Codes = NDArray[np.integer]
Flags = NDArray[np.bool_]
KINDS = ("subscription_offer", "retention_offer")
TREATED = 0.5


class Offers(NamedTuple):
    """Readers who could be made an offer, one entry each.

    session     in which
    arm         whether by lot, with `TREATED` as the probability of either variant
    made        whether it was
    if_offered  probability that they start within the session, or do not renew; `if_not` without an offer
    """

    kind: str
    key: Keys
    session: Codes
    arm: Flags
    made: Flags
    if_offered: Numbers
    if_not: Numbers


def start_wish(people: People, inner: Inner, who: Codes, drifted: bool) -> Numbers:
    """Hazard of these readers to begin to pay when asked, without an offer."""
    wish = p.START_PER_PROMPT * np.exp(
        p.SATISFACTION_SELLS * inner.satisfaction[who]
        + p.HABIT_SELLS * inner.habit[who]
        - p.PRICE_DETERS * (people.price_sensitivity[who] - 1)
    )
    return wish * p.STARTS_BY_RESPONSE[people.offer_type[who]] * (p.DRIFT_PRICE_STARTS if drifted else 1.0)


def prompts(
    accounts: Accounts,
    shelf: Shelf,
    sessions: Sessions,
    reads: Reads,
    tier: Codes,
    user_id: NDArray[np.uint64],
    policy: Policies,
) -> Codes:
    """The read of each session at which the paywall asks for a subscription, or -1; the meters move on.

    The meter a decision sees is that of the tick before: what was read within one tick of ten minutes counts after it.
    """
    walled = np.flatnonzero(shelf.articles.paywalled[reads.article])
    who = sessions.person[reads.session[walled]]
    free = tier[reads.session[walled]] < p.PREMIUM
    rows = walled[free]
    session = reads.session[rows]
    batch = PromptBatch(
        key=reads.key[rows],
        user_id=user_id[session],
        at=reads.start[rows],
        meter=accounts.meter[who[free]] + _before_the_tick(who, reads.start[walled])[free],
        article=shelf.articles.number[reads.article[rows]],
    )
    asked = rows[np.asarray(decide(policy.prompt, batch), dtype=bool)]
    prompt = np.full(len(sessions), -1)
    first = np.unique(reads.session[asked], return_index=True)[1]
    prompt[reads.session[asked][first]] = asked[first]
    np.add.at(accounts.meter, who, 1)
    return prompt


def subscription_offers(
    people: People,
    accounts: Accounts,
    inner: Inner,
    sessions: Sessions,
    eligible: Flags,
    prompted: Flags,
    day: int,
    policies: Policies,
    drifted: bool,
) -> Offers:
    """To registered readers who do not pay, at their first visit in each span of days; an offer stands for a while."""
    span = day // p.OFFER_EVERY_DAYS
    some = _first_visits(sessions.person, eligible & (accounts.asked_in[sessions.person] != span))
    who = sessions.person[some]
    accounts.asked_in[who] = span
    batch = OfferBatch(
        key=keys(sessions.key[some], 701),
        user_id=people.user_id[who],
        at=sessions.start[some],
        kind=KINDS[0],
        tier=accounts.tier[who],
        period_end=np.zeros(len(some), dtype=np.int64),
    )
    arm, made = _by_lot(keys(people.key[who], 7_000 + span), batch, policies.offer, policies.arms)
    wish = start_wish(people, inner, who, drifted)
    standing = accounts.offered_until[who] >= sessions.start[some]
    lifted = wish * np.exp(p.OFFER_ON_STARTING[people.offer_type[who]])
    asked = prompted[some].astype(float)
    if_not = -np.expm1(-asked * np.where(standing, lifted, wish))
    accounts.offered_until[who[made]] = sessions.start[some[made]] + p.OFFER_STANDS_DAYS * DAY_MS
    return Offers(KINDS[0], batch.key, some, arm, made, -np.expm1(-(1 + asked) * lifted), if_not)


def retention_offers(
    people: People,
    accounts: Accounts,
    inner: Inner,
    sessions: Sessions,
    logged_in: Flags,
    gone: Flags,
    policies: Policies,
    drifted: bool,
) -> Offers:
    """To payers, at their first visit in the days before they decide whether to renew."""
    who = sessions.person
    left = (accounts.period_end[who] - sessions.start) / DAY_MS
    eligible = logged_in & (accounts.tier[who] >= p.PREMIUM) & (accounts.asked_for[who] != accounts.period_end[who])
    eligible &= (left < p.RETENTION_FROM_DAYS) & (left >= p.RETENTION_TO_DAYS)
    some = _first_visits(who, eligible)
    who = who[some]
    accounts.asked_for[who] = accounts.period_end[who]
    batch = OfferBatch(
        key=keys(sessions.key[some], 702),
        user_id=people.user_id[who],
        at=sessions.start[some],
        kind=KINDS[1],
        tier=accounts.tier[who],
        period_end=accounts.period_end[who],
    )
    arm, made = _by_lot(keys(people.key[who], accounts.period_end[who]), batch, policies.retention, policies.arms)
    accounts.retained[who[made]] = True
    wish = cancel_wish(people, accounts, inner, who, gone[who], drifted)
    offered = wish * np.exp(p.OFFER_ON_CANCELLING[people.retention_type[who]])
    return Offers(KINDS[1], batch.key, some, arm, made, capped(offered), capped(wish))


def subscribers(
    people: People,
    accounts: Accounts,
    inner: Inner,
    sessions: Sessions,
    prompted: Flags,
    offered: Flags,
    drifted: bool,
) -> Flags:
    """Who begins to pay: hazard of those asked, once by the paywall and once by an offer, lifted where one stands."""
    some = np.flatnonzero(prompted | offered)
    who = sessions.person[some]
    wish = start_wish(people, inner, who, drifted)
    standing = accounts.offered_until[who] >= sessions.start[some]
    wish = wish * np.where(standing, np.exp(p.OFFER_ON_STARTING[people.offer_type[who]]), 1.0)
    times = prompted[some].astype(float) + offered[some]
    starts = np.zeros(len(sessions), dtype=bool)
    starts[some] = uniform(sessions.key[some], "subscribes") < -np.expm1(-times * wish)
    first = np.zeros(len(sessions), dtype=bool)
    first[_first_visits(sessions.person, starts)] = True
    return first


def _by_lot(lots: Keys, batch: OfferBatch, policy: Callable[[OfferBatch], Flags], arms: bool) -> tuple[Flags, Flags]:
    """Who is in the arm, and who is made the offer."""
    arm = arms & (uniform(lots, "arm") < p.ARM)
    wanted = np.asarray(decide(policy, batch), dtype=bool)
    return arm, np.where(arm, uniform(lots, "treated") < TREATED, wanted)


def _first_visits(person: Codes, flags: Flags) -> NDArray[np.intp]:
    """Of the sessions marked, the first of each person; sessions of a person stand together."""
    marked = np.flatnonzero(flags)
    return marked[np.unique(person[marked], return_index=True)[1]]


def _before_the_tick(who: Codes, at: NDArray[np.int64]) -> Codes:
    """For each entry, how many of the same person's lie in earlier ticks."""
    tick = at // TICK_MS
    order = np.lexsort((tick, who))
    one, when = who[order], tick[order]
    rank = np.arange(len(order))
    new_person = np.concatenate([[True], one[1:] != one[:-1]]) if len(one) else np.zeros(0, dtype=bool)
    new_tick = new_person | np.concatenate([[True], when[1:] != when[:-1]]) if len(one) else new_person
    before = np.maximum.accumulate(np.where(new_tick, rank, 0)) - np.maximum.accumulate(np.where(new_person, rank, 0))
    found = np.empty(len(order), dtype=np.int64)
    found[order] = before
    return found
