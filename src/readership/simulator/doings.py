"""What else is done in a session, beside reading: accounts made, subscriptions begun and ended, consent withdrawn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readership.simulator import parameters as p
from readership.simulator.accounts import Accounts, cancel_in_session, subscribe
from readership.simulator.habit import Inner
from readership.simulator.newsroom import Shelf
from readership.simulator.population import People
from readership.simulator.randomness import uniform
from readership.simulator.sessions import Reads, Sessions, felt, session_ends

Codes = NDArray[np.integer]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Doings:
    """What else was done in each session, beside reading; all arrays are as long as the sessions.

    logged_in   the session carries the reader's id
    tier        of the reader as the session began; `plan`, `period_end` likewise
    prompt      the place in Reads where a subscription was asked for, or -1
    """

    logged_in: Flags
    registers: Flags
    logs_in: Flags
    searches: Flags
    signs_up: Flags
    prompt: Codes
    subscribes: Flags
    cancels: Flags
    notice: Codes
    tier: Codes
    plan: Codes
    new_tier: Codes
    new_plan: Codes
    period_end: NDArray[np.int64]
    consent: Codes
    cookie: Codes


def do(
    people: People, accounts: Accounts, inner: Inner, shelf: Shelf, sessions: Sessions, reads: Reads
) -> tuple[Doings, Numbers]:
    """What is done in these sessions, and how each was felt; the accounts change with it."""
    who, own = sessions.person, sessions.key
    consent, cookie = accounts.consent[who], accounts.cookies[who]
    logged_in, registers = _registrations(people, accounts, sessions)
    tier, plan, period_end = accounts.tier[who], accounts.plan[who], accounts.period_end[who]
    tier = np.where(logged_in, np.maximum(tier, p.FREE), tier)
    notice = np.where(_first_of(who, logged_in), accounts.notice[who], 0)
    cancels = cancel_in_session(accounts, people, sessions)
    prompt = _prompts(accounts, shelf, sessions, reads, tier)
    subscribes = _subscribers(people, inner, sessions, prompt, logged_in)
    signs_up = logged_in & ~accounts.newsletter[who] & (uniform(own, "signup") < p.NEWSLETTER_SIGNUP_IN_SESSION)
    signs_up &= _first_of(who, signs_up)
    accounts.registered[who[registers]] = True
    accounts.tier[who[registers]] = p.FREE
    accounts.notice[who[notice > 0]] = 0
    accounts.newsletter[who[signs_up]] = True
    accounts.consent[who[uniform(own, "withdraws") < p.CONSENT_WITHDRAWN_IN_SESSION]] = 1
    subscribe(accounts, people, who[subscribes], session_ends(sessions, reads)[subscribes] - 200)
    doings = Doings(
        logged_in=logged_in,
        registers=registers,
        logs_in=logged_in & ~registers & (uniform(own, "login") < p.LOGIN_IN_SESSION),
        searches=uniform(own, "search") < p.SEARCH_IN_SESSION,
        signs_up=signs_up,
        prompt=prompt,
        subscribes=subscribes,
        cancels=cancels,
        notice=notice,
        tier=tier,
        plan=plan,
        new_tier=accounts.tier[who],
        new_plan=accounts.plan[who],
        period_end=np.where(subscribes, accounts.period_end[who], period_end),
        consent=consent,
        cookie=cookie,
    )
    ads = np.where(tier < p.PREMIUM, np.minimum(p.AD_WEIGHT / people.ad_tolerance[who], 0.5), 0.0)
    return doings, felt(sessions, reads, ads)


def _registrations(people: People, accounts: Accounts, sessions: Sessions) -> tuple[Flags, Flags]:
    """Which sessions carry a reader's id, and in which of them the account was made."""
    who = sessions.person
    known = accounts.registered[who]
    asks = ~known & (uniform(sessions.key, "registers") < p.REGISTERS_IN_SESSION[people.kind[who]])
    registers = asks & _first_of(who, asks)
    made = np.full(len(people), NEVER)
    made[who[registers]] = np.flatnonzero(registers)
    return known | (np.arange(len(who)) >= made[who]), registers


def _prompts(accounts: Accounts, shelf: Shelf, sessions: Sessions, reads: Reads, tier: Codes) -> Codes:
    """The first paywalled read of each session beyond the monthly meter of those who do not pay, or -1."""
    who = sessions.person[reads.session]
    walled = shelf.articles.paywalled[reads.article]
    asked = walled & (tier[reads.session] < p.PREMIUM) & (accounts.meter[who] >= p.METER_PER_MONTH)
    asked &= _first_of(reads.session, asked)
    prompt = np.full(len(sessions), -1)
    prompt[reads.session[asked]] = np.flatnonzero(asked)
    np.add.at(accounts.meter, who[walled], 1)
    return prompt


def _subscribers(people: People, inner: Inner, sessions: Sessions, prompt: Codes, logged_in: Flags) -> Flags:
    """Who begins to pay: asked, known, and drawn by habit, satisfaction and price."""
    who = sessions.person
    wish = p.START_PER_PROMPT * np.exp(
        p.SATISFACTION_SELLS * inner.satisfaction[who]
        + p.HABIT_SELLS * inner.habit[who]
        - p.PRICE_DETERS * (people.price_sensitivity[who] - 1)
    )
    starts = (prompt >= 0) & logged_in & (uniform(sessions.key, "subscribes") < wish)
    return starts & _first_of(who, starts)


def _first_of(group: Codes, flags: Flags) -> Flags:
    """Of the true entries, the first of each group; entries of a group stand together."""
    first = np.zeros(len(flags), dtype=bool)
    places = np.flatnonzero(flags)
    first[places[np.unique(group[places], return_index=True)[1]]] = True
    return first
