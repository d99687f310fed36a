"""What else is done in a session, beside reading: accounts made, subscriptions begun and ended, consent withdrawn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readership.simulator import parameters as p
from readership.simulator.accounts import Accounts, cancel_in_session, subscribe
from readership.simulator.habit import Inner
from readership.simulator.offers import Offers, prompts, retention_offers, subscribers, subscription_offers
from readership.simulator.policies import Policies
from readership.simulator.population import People
from readership.simulator.randomness import uniform
from readership.simulator.reading import Reading
from readership.simulator.sessions import Sessions
from readership.simulator.shelf import Shelf

Codes = NDArray[np.integer]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Doings:
    """What else was done in each session, beside reading; all arrays are as long as the sessions.

    logged_in   the session carries the reader's id
    tier        of the reader as the session began; `plan`, `period_end` likewise
    prompt      the place in Reads where the paywall asked for a subscription, or -1
    offers      who could be made an offer, and who was
    paid_share  of the list price, by who begins to pay
    felt        how it was felt, all in all
    """

    logged_in: Flags
    registers: Flags
    logs_in: Flags
    searches: Flags
    signs_up: Flags
    prompt: Codes
    offers: tuple[Offers, Offers]
    subscribes: Flags
    cancels: Flags
    notice: Codes
    tier: Codes
    plan: Codes
    new_tier: Codes
    new_plan: Codes
    period_end: NDArray[np.int64]
    paid_share: Numbers
    consent: Codes
    cookie: Codes
    felt: Numbers


@dataclass(frozen=True)
class Identity:
    """Who is known in each session: `user_id` is 0 where nobody is logged in."""

    logged_in: Flags
    registers: Flags
    user_id: NDArray[np.uint64]


def identify(people: People, accounts: Accounts, sessions: Sessions) -> Identity:
    """Which sessions carry a reader's id, and in which of them the account is made."""
    who = sessions.person
    known = accounts.registered[who]
    asks = ~known & (uniform(sessions.key, "registers") < p.REGISTERS_IN_SESSION[people.kind[who]])
    registers = asks & _first_of(who, asks)
    made = np.full(len(people), NEVER)
    made[who[registers]] = np.flatnonzero(registers)
    logged_in = known | (np.arange(len(who)) >= made[who])
    return Identity(logged_in, registers, np.where(logged_in, people.user_id[who], np.uint64(0)))


@dataclass(frozen=True)
class Scene:
    """The people of a day and the state in which it finds them."""

    people: People
    accounts: Accounts
    inner: Inner
    gone: Flags
    shelf: Shelf
    policies: Policies
    day: int
    drifted: bool


def do(scene: Scene, sessions: Sessions, identity: Identity, reading: Reading) -> Doings:
    """What is done in these sessions, and how each was felt; the accounts change with it."""
    people, accounts = scene.people, scene.accounts
    who, own = sessions.person, sessions.key
    consent, cookie = accounts.consent[who], accounts.cookies[who]
    logged_in, registers = identity.logged_in, identity.registers
    tier, plan, period_end = accounts.tier[who], accounts.plan[who], accounts.period_end[who]
    tier = np.where(logged_in, np.maximum(tier, p.FREE), tier)
    notice = np.where(_first_of(who, logged_in), accounts.notice[who], 0)
    cancels = cancel_in_session(accounts, people, sessions)
    offers, prompt, starts = _asked(scene, sessions, identity, reading, tier)
    signs_up = logged_in & ~accounts.newsletter[who] & (uniform(own, "signup") < p.NEWSLETTER_SIGNUP_IN_SESSION)
    signs_up &= _first_of(who, signs_up)
    accounts.registered[who[registers]] = True
    accounts.tier[who[registers]] = p.FREE
    accounts.notice[who[notice > 0]] = 0
    accounts.newsletter[who[signs_up]] = True
    accounts.consent[who[uniform(own, "withdraws") < p.CONSENT_WITHDRAWN_IN_SESSION]] = 1
    subscribe(accounts, people, who[starts], reading.ends[starts] - 200)
    return Doings(
        logged_in=logged_in,
        registers=registers,
        logs_in=logged_in & ~registers & (uniform(own, "login") < p.LOGIN_IN_SESSION),
        searches=uniform(own, "search") < p.SEARCH_IN_SESSION,
        signs_up=signs_up,
        prompt=prompt,
        offers=offers,
        subscribes=starts,
        cancels=cancels,
        notice=notice,
        tier=tier,
        plan=plan,
        new_tier=accounts.tier[who],
        new_plan=accounts.plan[who],
        period_end=np.where(starts, accounts.period_end[who], period_end),
        paid_share=accounts.paid_share[who],
        consent=consent,
        cookie=cookie,
        felt=_felt(people, sessions, reading, tier, prompt >= 0, offers),
    )


def _asked(
    scene: Scene, sessions: Sessions, identity: Identity, reading: Reading, tier: Codes
) -> tuple[tuple[Offers, Offers], Codes, Flags]:
    """Prompts, offers of both kinds, and who begins to pay."""
    people, accounts, inner, policies = scene.people, scene.accounts, scene.inner, scene.policies
    prompt = prompts(accounts, scene.shelf, sessions, reading.articles, tier, identity.user_id, policies)
    known = identity.logged_in & ~identity.registers
    prompted = (prompt >= 0) & identity.logged_in
    retention = retention_offers(people, accounts, inner, sessions, known, scene.gone, policies, scene.drifted)
    eligible = known & (tier == p.FREE)
    offers = subscription_offers(
        people, accounts, inner, sessions, eligible, prompted, scene.day, policies, scene.drifted
    )
    offered = np.zeros(len(sessions), dtype=bool)
    offered[offers.session[offers.made]] = True
    starts = subscribers(people, accounts, inner, sessions, prompted, offered, scene.drifted)
    return (offers, retention), prompt, starts


def mood(people: People, sessions: Sessions, reading: Reading, with_ads: Flags) -> Numbers:
    """How sessions are felt: mean liking of what was read, less advertising; finding nothing is no pleasure."""
    reads = reading.articles
    total = np.bincount(reads.session, weights=reads.liking, minlength=len(sessions))
    liked = total / np.maximum(reading.counts, 1) - p.FELT_AT_REST
    felt = np.where(reading.counts > 0, liked, p.FOUND_NOTHING)
    return felt - np.where(with_ads, np.minimum(p.AD_WEIGHT / people.ad_tolerance[sessions.person], 0.5), 0.0)


def _felt(
    people: People, sessions: Sessions, reading: Reading, tier: Codes, prompted: Flags, offers: tuple[Offers, Offers]
) -> Numbers:
    """How sessions are felt, less prompts and unwelcome offers."""
    felt = mood(people, sessions, reading, tier < p.PREMIUM) - p.PROMPT_IRRITATES * prompted
    for offer, kinds in zip(offers, (people.offer_type, people.retention_type), strict=True):
        made = offer.session[offer.made]
        felt[made] -= p.OFFER_IRRITATES_DOGS * (kinds[sessions.person[made]] == p.SLEEPING_DOG)
    return felt


def _first_of(group: Codes, flags: Flags) -> Flags:
    """Of the true entries, the first of each group; entries of a group stand together."""
    first = np.zeros(len(flags), dtype=bool)
    places = np.flatnonzero(flags)
    first[places[np.unique(group[places], return_index=True)[1]]] = True
    return first
