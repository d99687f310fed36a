"""The hidden state, written down: what no publisher sees, so that models can be judged by the best that is possible."""

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from readership.simulator import parameters as p
from readership.simulator import text
from readership.simulator.accounts import DAY_MS, Accounts, Renewals, cancel_wish, capped
from readership.simulator.ads import ADS, AFTER_MS, AdSlots
from readership.simulator.doings import Doings, Scene
from readership.simulator.habit import Chances, Inner
from readership.simulator.offers import KINDS, TREATED, start_wish
from readership.simulator.population import People
from readership.simulator.reading import Reading
from readership.simulator.sessions import Sessions

Numbers = NDArray[np.float64]
MOMENT = pa.timestamp("ms", "UTC")
WORD = pa.dictionary(pa.int16(), pa.string())

READERS = pa.schema(
    [
        ("user_id", pa.uint64()),
        ("kind", pa.uint8()),
        ("arrived", pa.int32()),
        ("rate", pa.float64()),
        ("drift", pa.float64()),
        ("fickleness", pa.float64()),
        ("weekday", pa.list_(pa.float64())),
        ("day_part", pa.uint8()),
        ("zone", pa.uint8()),
        ("price_sensitivity", pa.float64()),
        ("depth", pa.float64()),
        ("patience", pa.float64()),
        ("ad_tolerance", pa.float64()),
        ("offer_type", pa.uint8()),
        ("offer_effect", pa.float64()),
        ("retention_type", pa.uint8()),
        ("retention_effect", pa.float64()),
    ]
)
DAYS = pa.schema([("day", pa.date32()), ("news_level", pa.float64())])
READER_DAYS = pa.schema(
    [
        ("day", pa.date32()),
        ("user_id", pa.uint64()),
        ("phase", pa.uint8()),
        ("newsletter", pa.bool_()),
        ("habit", pa.float64()),
        ("satisfaction", pa.float64()),
        ("visit_rate", pa.float64()),
        ("leave_probability", pa.float64()),
        ("tier", pa.uint8()),
        ("meter", pa.uint16()),
        ("offered_days", pa.float64()),
        ("asked_this_span", pa.bool_()),
        ("start_when_asked", pa.float64()),
        ("cancel_wish", pa.float64()),
    ]
)
VISITS = pa.schema(
    [
        ("user_id", pa.uint64()),
        ("session_id", pa.string()),
        ("session_start", MOMENT),
        ("session_end", MOMENT),
        ("felt", pa.float64()),
        ("newsletter", pa.bool_()),
        ("reads", pa.uint16()),
        ("walled", pa.uint16()),
        ("expected_engaged_seconds", pa.float64()),
    ]
)
IMPRESSIONS = pa.schema(
    [
        ("timestamp", MOMENT),
        ("slate_id", pa.string()),
        ("position", pa.uint16()),
        ("placement", WORD),
        ("user_id", pa.uint64()),
        ("article_id", pa.string()),
        ("click_probability", pa.float64()),
        ("attraction", pa.float64()),
    ]
)
READS = pa.schema(
    [
        ("timestamp", MOMENT),
        ("user_id", pa.uint64()),
        ("session_id", pa.string()),
        ("article_id", pa.string()),
        ("expected_dwell_seconds", pa.float64()),
    ]
)
AD_CHANCES = pa.schema(
    [
        ("timestamp", MOMENT),
        ("decision_id", pa.string()),
        ("user_id", pa.uint64()),
        ("ad_id", WORD),
        ("click_probability", pa.float64()),
        ("value_eur", pa.float64()),
        ("best_ad_id", WORD),
        ("best_value_eur", pa.float64()),
        ("even_value_eur", pa.float64()),
    ]
)
OFFERS = pa.schema(
    [
        ("timestamp", MOMENT),
        ("decision_id", pa.string()),
        ("user_id", pa.uint64()),
        ("experiment", WORD),
        ("made", pa.bool_()),
        ("propensity", pa.float64()),
        ("if_offered", pa.float64()),
        ("if_not", pa.float64()),
    ]
)
RENEWALS = pa.schema(
    [
        ("day", pa.date32()),
        ("user_id", pa.uint64()),
        ("cancel_probability", pa.float64()),
        ("if_offered", pa.float64()),
        ("if_not", pa.float64()),
    ]
)


def day_truth(
    scene: Scene,
    today: date,
    level: float,
    state: pa.Table,
    sessions: Sessions,
    reading: Reading,
    doings: Doings,
    slots: AdSlots,
    renewals: Renewals,
) -> dict[str, pa.Table]:
    """All tables of a day, by name."""
    return {
        "days": pa.Table.from_pydict({"day": [today], "news_level": [level]}, schema=DAYS),
        "reader_days": state,
        "visits": _visits(scene, sessions, reading, doings),
        "impressions": _impressions(scene, sessions, reading),
        "reads": _reads(scene, sessions, reading),
        "ads": _ads(scene.people, sessions, reading, slots),
        "offers": _offers(scene.people, sessions, doings),
        "renewals": _renewals(scene.people, today, renewals),
    }


def reader_table(people: People) -> pa.Table:
    """What does not change about each person."""
    weekday = pa.ListArray.from_arrays(
        np.arange(0, 7 * len(people) + 1, 7, dtype=np.int32), pa.array(people.weekday.ravel())
    )
    columns: list[Any] = [
        people.user_id, people.kind, people.arrived, people.rate, people.drift, people.fickleness, weekday,
        people.day_part, people.zone, people.price_sensitivity, people.depth, people.patience, people.ad_tolerance,
        people.offer_type, p.OFFER_ON_STARTING[people.offer_type],
        people.retention_type, p.OFFER_ON_CANCELLING[people.retention_type],
    ]  # fmt: skip
    return _table(READERS, columns)


def reader_day_table(
    people: People,
    accounts: Accounts,
    today: date,
    midnight: int,
    day: int,
    phase: NDArray[np.int8],
    inner: Inner,
    rate: Numbers,
    odds: Chances,
    drifted: bool,
) -> pa.Table:
    """The state of registered readers as a day begins, after midnight's step and billing and before any visit."""
    who = np.flatnonzero(accounts.registered)
    pays = accounts.tier[who] >= p.PREMIUM
    left = np.maximum(accounts.offered_until[who] - midnight, 0) / DAY_MS
    standing = np.where(left > 0, np.exp(p.OFFER_ON_STARTING[people.offer_type[who]]), 1.0)
    asked = -np.expm1(-start_wish(people, inner, who, drifted) * standing)
    wish = capped(cancel_wish(people, accounts, inner, who, phase[who] == p.GONE, drifted))
    columns = [
        np.full(len(who), np.datetime64(today)),
        people.user_id[who],
        phase[who],
        accounts.newsletter[who],
        inner.habit[who],
        inner.satisfaction[who],
        rate[who],
        odds.leave[who],
        accounts.tier[who],
        accounts.meter[who],
        left,
        accounts.asked_in[who] == day // p.OFFER_EVERY_DAYS,
        np.where(pays, 0.0, asked),
        np.where(pays, wish, 0.0),
    ]
    return _table(READER_DAYS, columns)


def _visits(scene: Scene, sessions: Sessions, reading: Reading, doings: Doings) -> pa.Table:
    """Sessions of readers with an account: when, what was read and how it was felt; newsletter as it is after."""
    some, reads, size = np.flatnonzero(doings.logged_in), reading.articles, len(sessions)
    who = sessions.person[some]
    walled = np.bincount(reads.session, weights=scene.shelf.articles.paywalled[reads.article], minlength=size)
    expected = np.bincount(reads.session, weights=reads.expected, minlength=size)
    columns = [
        scene.people.user_id[who],
        text.hexadecimal(sessions.key[some]),
        sessions.start[some],
        reading.ends[some],
        doings.felt[some],
        scene.accounts.newsletter[who],
        reading.counts[some],
        walled[some],
        expected[some],
    ]
    return _table(VISITS, columns)


def _impressions(scene: Scene, sessions: Sessions, reading: Reading) -> pa.Table:
    shown = reading.impressions
    columns = [
        reading.shown_at,
        text.hexadecimal(shown.slate),
        shown.position,
        text.words(shown.placement, p.PLACEMENTS),
        scene.people.user_id[sessions.person[shown.session]],
        scene.shelf.ids.take(pa.array(shown.article)),
        shown.chance,
        shown.attraction,
    ]
    return _table(IMPRESSIONS, columns)


def _reads(scene: Scene, sessions: Sessions, reading: Reading) -> pa.Table:
    reads = reading.articles
    columns = [
        reads.start,
        scene.people.user_id[sessions.person[reads.session]],
        text.hexadecimal(sessions.key[reads.session]),
        scene.shelf.ids.take(pa.array(reads.article)),
        reads.expected,
    ]
    return _table(READS, columns)


def _ads(people: People, sessions: Sessions, reading: Reading, slots: AdSlots) -> pa.Table:

    reads = reading.articles
    columns = [
        reads.start[slots.read] + AFTER_MS[slots.place],
        text.hexadecimal(slots.key),
        people.user_id[sessions.person[reads.session[slots.read]]],
        text.words(slots.ad, ADS),
        slots.chance,
        slots.value_eur,
        text.words(slots.best, ADS),
        slots.best_eur,
        slots.even_eur,
    ]
    return _table(AD_CHANCES, columns)


def _offers(people: People, sessions: Sessions, doings: Doings) -> pa.Table:
    """Everybody who was eligible, in the arm or not; propensity is null outside it."""
    tables = []
    for offer in doings.offers:
        propensity = pa.array(np.full(len(offer.key), TREATED), mask=~offer.arm)
        columns = [
            sessions.start[offer.session],
            text.hexadecimal(offer.key),
            people.user_id[sessions.person[offer.session]],
            text.words(np.full(len(offer.key), KINDS.index(offer.kind)), KINDS),
            offer.made,
            propensity,
            offer.if_offered,
            offer.if_not,
        ]
        tables.append(_table(OFFERS, columns))
    return pa.concat_tables(tables)


def _renewals(people: People, today: date, renewals: Renewals) -> pa.Table:
    count = len(renewals.who)
    days = np.full(count, np.datetime64(today))
    columns = [days, people.user_id[renewals.who], renewals.chance, renewals.if_offered, renewals.if_not]
    return _table(RENEWALS, columns)


def _table(schema: pa.Schema, columns: list[Any]) -> pa.Table:
    arrays = [column if isinstance(column, (pa.Array, pa.ChunkedArray)) else pa.array(column) for column in columns]
    return pa.Table.from_arrays(
        [array if array.type == kind else array.cast(kind) for array, kind in zip(arrays, schema.types, strict=True)],
        schema=schema,
    )
