"""Accounts and money: registering, subscribing, renewing, cancelling, failing to pay.

Billing is the publisher's own record (table `subscriptions`). The event log holds only what happens in a reader's
browser or app: a renewal or a failed payment shows there as the notice at the next visit, and a reader who cancels
by mail leaves no event at all.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from readership.simulator import parameters as p
from readership.simulator.habit import Inner
from readership.simulator.population import People
from readership.simulator.randomness import Keys, keys, pick, uniform
from readership.simulator.sessions import Sessions

Flags = NDArray[np.bool_]
DAY_MS = 86_400_000
NO_NOTICE, RENEWED, FAILED = 0, 1, 2
DECIDES_DAYS_BEFORE_END = 10

SUBSCRIPTIONS = pa.schema(
    [
        ("user_id", pa.uint64()),
        ("plan", pa.string()),
        ("price_eur", pa.float64()),
        ("period_start", pa.timestamp("ms", "UTC")),
        ("period_end", pa.timestamp("ms", "UTC")),
        ("cancelled_at", pa.timestamp("ms", "UTC")),
        ("reason", pa.string()),
        ("received_at", pa.timestamp("ms", "UTC")),
    ]
)


@dataclass
class Accounts:
    """What the publisher's account system holds of each person; changes from day to day.

    period_start, period_end   ms since 1970, of the newest paid period
    leaving                    decided not to renew
    cancelled                  has said so
    notice                     shown at the next visit
    meter                      paywalled articles read this month
    cookies                    how often the device's id was lost
    asked_in                   the span of days in which the reader was last eligible for an offer to subscribe
    offered_until              ms since 1970; an offer to subscribe stands until then
    asked_for                  the end of the period for which the reader was last eligible for a retention offer
    retained                   a retention offer was made for the newest period
    paid_share                 of the list price, in the newest period
    """

    registered: Flags
    tier: NDArray[np.int8]
    plan: NDArray[np.int8]
    period_start: NDArray[np.int64]
    period_end: NDArray[np.int64]
    leaving: Flags
    cancelled: Flags
    notice: NDArray[np.int8]
    newsletter: Flags
    consent: NDArray[np.int64]
    meter: NDArray[np.int64]
    cookies: NDArray[np.int64]
    asked_in: NDArray[np.int64]
    offered_until: NDArray[np.int64]
    asked_for: NDArray[np.int64]
    retained: Flags
    paid_share: NDArray[np.float64]
    rows: list[pa.Table] = field(default_factory=list)

    def drain(self) -> pa.Table:
        """The rows of `subscriptions` written since the last call."""
        rows, self.rows = self.rows, []
        return pa.concat_tables(rows) if rows else SUBSCRIPTIONS.empty_table()


def open_accounts(people: People, start_ms: int) -> Accounts:
    """The accounts as the world begins: members of before have one, some of them pay."""
    count, own = len(people), people.key
    registered = (people.kind == p.MEMBER) & (people.arrived < 0)
    pays = registered & (uniform(own, "subscribed") < p.SUBSCRIBED_AT_START * np.minimum(0.4 + 2 * people.rate, 2.0))
    plan = pick(own, "plan", p.PLAN_WEIGHTS).astype(np.int8)
    length = p.PLAN_DAYS[plan] * DAY_MS
    ends = start_ms + (uniform(own, "period") * length).astype(np.int64)
    accounts = Accounts(
        registered=registered,
        tier=np.where(pays, pick(own, "tier", p.TIER_WEIGHTS), np.where(registered, p.FREE, 0)).astype(np.int8),
        plan=plan,
        period_start=np.where(pays, ends - length, 0),
        period_end=np.where(pays, ends, 0),
        leaving=np.zeros(count, dtype=bool),
        cancelled=np.zeros(count, dtype=bool),
        notice=np.zeros(count, dtype=np.int8),
        newsletter=registered & (uniform(own, "newsletter") < p.NEWSLETTER_AT_START),
        consent=p.CONSENTS[pick(own, "consent", p.CONSENT_WEIGHTS[people.kind])],
        meter=np.zeros(count, dtype=np.int64),
        cookies=np.zeros(count, dtype=np.int64),
        asked_in=np.full(count, -1),
        offered_until=np.zeros(count, dtype=np.int64),
        asked_for=np.zeros(count, dtype=np.int64),
        retained=np.zeros(count, dtype=bool),
        paid_share=np.ones(count),
    )
    payers = np.flatnonzero(pays)
    _record(accounts, people, payers, accounts.period_start[payers])
    return accounts


class Renewals(NamedTuple):
    """Payers who decided today whether to renew, and the chance that they do not: as it was, with an offer, without."""

    who: NDArray[np.intp]
    chance: NDArray[np.float64]
    if_offered: NDArray[np.float64]
    if_not: NDArray[np.float64]


def cancel_wish(
    people: People, accounts: Accounts, inner: Inner, who: NDArray[np.integer], gone: Flags, drifted: bool
) -> NDArray[np.float64]:
    """Chance that these payers decide not to renew, without a retention offer; gone ones sooner."""
    wish = p.CANCEL_AT_PERIOD_END[accounts.plan[who]] * np.exp(
        -p.SATISFACTION_RETAINS * inner.satisfaction[who] - p.HABIT_RETAINS * (inner.habit[who] - 0.4)
    )
    wish *= p.CANCELS_BY_RESPONSE[people.retention_type[who]] * np.where(gone, p.CANCEL_IF_GONE, 1.0)
    return wish * (p.DRIFT_PRICE_CANCELS if drifted else 1.0)


def capped(wish: NDArray[np.float64]) -> NDArray[np.float64]:
    """A wish as a probability."""
    return np.minimum(wish, 0.95)


def bill(
    accounts: Accounts, people: People, inner: Inner, gone: Flags, midnight: int, day_keys: Keys, drifted: bool
) -> Renewals:
    """A day of billing: decisions not to renew, last chances to cancel, and periods that end."""
    pays = accounts.tier >= p.PREMIUM
    until_end = accounts.period_end - midnight
    deciding = np.flatnonzero(pays & (until_end // DAY_MS == DECIDES_DAYS_BEFORE_END))
    if_not = cancel_wish(people, accounts, inner, deciding, gone[deciding], drifted)
    offered = if_not * np.exp(p.OFFER_ON_CANCELLING[people.retention_type[deciding]])
    chance = capped(np.where(accounts.retained[deciding], offered, if_not))
    accounts.leaving[deciding] = uniform(day_keys[deciding], "cancel") < chance
    by_mail = np.flatnonzero(pays & accounts.leaving & ~accounts.cancelled & (until_end // DAY_MS == 1))
    _cancel(accounts, people, by_mail, np.full(len(by_mail), midnight + DAY_MS // 2), "voluntary")
    _end_periods(accounts, people, np.flatnonzero(pays & (until_end // DAY_MS == 0)), day_keys)
    return Renewals(deciding, chance, capped(offered), capped(if_not))


def cancel_in_session(accounts: Accounts, people: People, sessions: Sessions) -> Flags:
    """Readers who meant to cancel do so in their first session; true for these sessions."""
    wants = accounts.leaving & ~accounts.cancelled & (accounts.tier >= p.PREMIUM)
    acting = _first_of_each(sessions.person) & wants[sessions.person]
    _cancel(accounts, people, sessions.person[acting], sessions.start[acting], "voluntary")
    return acting


def subscribe(accounts: Accounts, people: People, who: NDArray[np.integer], at: NDArray[np.int64]) -> None:
    """These people begin to pay at these times."""
    own = keys(people.key[who], at)
    accounts.tier[who] = pick(own, "tier", p.TIER_WEIGHTS)
    accounts.plan[who] = pick(own, "plan", p.PLAN_WEIGHTS)
    accounts.period_start[who] = at
    accounts.period_end[who] = at + p.PLAN_DAYS[accounts.plan[who]] * DAY_MS
    accounts.paid_share[who] = np.where(accounts.offered_until[who] >= at, p.OFFER_SHARE_OF_PRICE, 1.0)
    accounts.retained[who] = False
    accounts.leaving[who] = accounts.cancelled[who] = False
    _record(accounts, people, who, at)


def _end_periods(accounts: Accounts, people: People, who: NDArray[np.intp], day_keys: Keys) -> None:
    stops = accounts.cancelled[who]
    fails = ~stops & (uniform(day_keys[who], "payment") < p.PAYMENT_FAILS)
    recovers = fails & (uniform(day_keys[who], "recovered") < p.PAYMENT_RECOVERED)
    renews = ~stops & (~fails | recovers)
    lost = who[fails & ~recovers]
    _record(accounts, people, lost, accounts.period_end[lost] + 14 * DAY_MS, cancelled="payment")
    accounts.tier[who[~renews]] = p.FREE
    accounts.leaving[who] = accounts.cancelled[who] = False
    accounts.notice[who[fails]] = FAILED
    accounts.notice[who[renews & ~fails]] = RENEWED
    again = who[renews]
    accounts.period_start[again] = accounts.period_end[again]
    accounts.period_end[again] += p.PLAN_DAYS[accounts.plan[again]] * DAY_MS
    accounts.paid_share[again] = np.where(accounts.retained[again], p.RETENTION_SHARE_OF_PRICE, 1.0)
    accounts.retained[who] = False
    _record(accounts, people, again, accounts.period_start[again] + 3 * DAY_MS * recovers[renews])


def _cancel(accounts: Accounts, people: People, who: NDArray[np.integer], at: NDArray[np.int64], reason: str) -> None:
    accounts.cancelled[who] = True
    _record(accounts, people, who, at, cancelled=reason)


def _record(
    accounts: Accounts, people: People, who: NDArray[np.integer], known: NDArray[np.int64], cancelled: str = ""
) -> None:
    """A row of `subscriptions` for each: the paid period as it is known from this time on."""
    if not len(who):
        return
    moment = pa.timestamp("ms", "UTC")
    plan, tier = accounts.plan[who], accounts.tier[who]
    names = [f"{p.TIERS[t]}_{p.PLANS[n]}" for t, n in zip(tier.tolist(), plan.tolist(), strict=True)]
    columns = [
        pa.array(people.user_id[who]),
        pa.array(names),
        pa.array(price(tier, plan, accounts.paid_share[who])),
        pa.array(accounts.period_start[who], moment),
        pa.array(accounts.period_end[who], moment),
        pa.array(known, moment) if cancelled else pa.nulls(len(who), moment),
        pa.array([cancelled] * len(who)),
        pa.array(known, moment),
    ]
    accounts.rows.append(pa.Table.from_arrays(columns, schema=SUBSCRIPTIONS))


def price(
    tier: NDArray[np.integer], plan: NDArray[np.integer], share: NDArray[np.float64] | float = 1.0
) -> NDArray[np.float64]:
    """Euros a period, this share of the list price: twelve months for the price of ten."""
    return np.round(p.PRICE_EUR[tier] * np.where(plan == 1, 10, 1) * share, 2)


def _first_of_each(person: NDArray[np.integer]) -> Flags:
    """True where a person's first entry stands; entries are grouped by person."""
    return np.concatenate([[True], person[1:] != person[:-1]]) if len(person) else np.zeros(0, dtype=bool)
