"""The event log of a day: what happened in its sessions, in the publisher's own fields (the native mapping)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from readership.simulator import accounts as account
from readership.simulator import parameters as p
from readership.simulator import places, text, words
from readership.simulator.ads import AD_CATEGORIES, AD_PLACEMENTS, ADS, CAMPAIGNS
from readership.simulator.doings import Doings
from readership.simulator.log import TYPES, Happened, Origin, log_of, origin_keys
from readership.simulator.offers import KINDS as OFFER_KINDS
from readership.simulator.offers import TREATED
from readership.simulator.population import SEGMENTS, People
from readership.simulator.randomness import Keys, bits, keys, normal, uniform
from readership.simulator.sessions import Sessions
from readership.simulator.shelf import Shelf

Codes = NDArray[np.integer]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]

PLAN_NAMES = tuple(f"{tier}_{plan}" for tier in p.TIERS for plan in p.PLANS)
PLACEMENTS = (*p.PLACEMENTS, *AD_PLACEMENTS)
EXPERIMENTS = (*OFFER_KINDS, "front_slot", "ads")
VARIANTS = ("control", "offer", "even")
SLOT, AD_ARM, EVEN = 2, 3, 2
MOMENT = pa.timestamp("ms", "UTC")


def event_table(day: Happened) -> pa.Table:
    """All events of a day, by time."""
    people, sessions, doings = day.people, day.sessions, day.doings
    kind, origin, session, at, row, nth = log_of(day).columns()
    if not len(kind):
        return SCHEMA.empty_table()
    where = {each: np.flatnonzero(origin == each) for each in Origin}
    own = keys(origin_keys(day, where, row), kind * 4 + nth)
    read = np.full(len(kind), -1)
    read[where[Origin.READ]] = row[where[Origin.READ]]
    read[where[Origin.SLOT]] = day.slots.read[row[where[Origin.SLOT]]]
    article = np.full(len(kind), -1)
    article[read >= 0] = day.reading.articles.article[read[read >= 0]]
    article[where[Origin.IMPRESSION]] = day.reading.impressions.article[row[where[Origin.IMPRESSION]]]
    who = sessions.person[session]
    starts = kind == TYPES.index("subscription_start")
    tier = np.where(starts, doings.new_tier[session], doings.tier[session])
    columns = {
        "event_id": text.uuids(bits(own, "high"), bits(own, "low")),
        "user_id": _per_session(
            pa.array(people.user_id[sessions.person], mask=~doings.logged_in).cast(pa.string()), session
        ),
        "device_id": _per_session(_device_ids(people, sessions, doings), session),
        "session_id": _per_session(text.hexadecimal(sessions.key), session),
        "event_type": text.words(kind, TYPES),
        "timestamp": pa.array(at, MOMENT),
        "received_at": pa.array(at + _delay(own), MOMENT),
        "referrer": text.words(sessions.referrer[session], places.REFERRERS),
        **_place_columns(people, who, sessions.device[session]),
        "subscription_tier": text.words(tier, p.TIERS),
        "user_segment": text.words(np.where(doings.logged_in, people.segment[sessions.person], 0)[session], SEGMENTS),
        **_article_columns(day.shelf, sessions, session, article),
        **_shown_columns(day, where, row, kind),
        **_subscription_columns(kind, doings, session, tier, where[Origin.OFFER]),
        "consent": _consent(session, doings),
        **_metrics(day, kind, read, own),
        **_ad_metrics(day, where[Origin.SLOT], row, kind),
    }
    return pa.table({name: columns[name] for name in SCHEMA.names}, schema=SCHEMA)


def _per_session(strings: pa.Array, session: Codes) -> pa.Array:
    return strings.take(pa.array(session))


def _device_ids(people: People, sessions: Sessions, doings: Doings) -> pa.Array:
    return text.hexadecimal(
        keys(people.key[sessions.person], sessions.on_second_device * 1_000_000 + doings.cookie + 77)
    )


def _delay(own: Keys) -> NDArray[np.int64]:
    """Milliseconds until the publisher knows: most within a second, some after minutes without a network."""
    slow = uniform(own, "offline") < 0.004
    return (np.where(slow, 90_000.0, 180.0) * np.exp(0.9 * normal(own, "delay"))).astype(np.int64) + 20


def _place_columns(people: People, who: Codes, device: Codes) -> dict[str, pa.Array]:
    city = people.city[who]
    return {
        "country": text.words(city, tuple(row[0] for row in places.CITIES)),
        "city": text.words(city, tuple(row[1] for row in places.CITIES)),
        "timezone": text.words(city, tuple(row[2] for row in places.CITIES)),
        "device_type": text.words(device, tuple(row[0] for row in places.DEVICES)),
        "device_os": text.words(device, tuple(row[1] for row in places.DEVICES)),
        "browser": text.words(device, tuple(row[2] for row in places.DEVICES)),
    }


def _article_columns(shelf: Shelf, sessions: Sessions, session: Codes, article: Codes) -> dict[str, pa.Array]:
    some = article >= 0
    place = np.where(some, article, 0)
    chosen = pa.array(place, mask=~some)
    brand = np.where(some, shelf.articles.brand[place], sessions.brand[session])
    category = np.where(some, shelf.articles.category[place], -1)
    return {
        "brand": text.words(brand, words.BRANDS),
        "category": text.words(category, words.CATEGORIES),
        "article_id": shelf.ids.take(chosen),
        "article_title": shelf.titles.take(chosen),
        "article_type": text.words(np.where(some, shelf.articles.type[place], -1), words.TYPES),
        "page_url": shelf.urls.take(pa.array(np.where(some, place, len(shelf.articles) + brand))),
    }


def _shown_columns(day: Happened, where: Mapping[Origin, Codes], row: Codes, kind: Codes) -> dict[str, pa.Array]:
    """What was shown where, by whose choice: of slates, advertisements and offers."""
    shown, slots, offers, size = day.reading.impressions, day.slots, day.doings.offers, len(row)
    placement, experiment, variant, ad = (np.full(size, -1) for _ in range(4))
    position, propensity = np.zeros(size, dtype=np.uint16), np.full(size, np.nan)
    slate = np.full(size, -1)
    at, of = where[Origin.IMPRESSION], row[where[Origin.IMPRESSION]]
    slate[at], position[at], placement[at] = of, shown.position[of], shown.placement[of]
    propensity[at] = shown.propensity[of]
    experiment[at] = np.where(np.isnan(shown.propensity[of]), -1, SLOT)
    at, of = where[Origin.SLOT], row[where[Origin.SLOT]]
    placement[at], ad[at] = len(p.PLACEMENTS) + slots.place[of], slots.ad[of]
    experiment[at] = np.where(slots.arm[of], AD_ARM, -1)
    propensity[at] = slots.propensity[of]
    variant[experiment >= 0] = EVEN
    decision = np.full(size, -1)
    decision[at] = of
    at, of = where[Origin.OFFER], row[where[Origin.OFFER]]
    decision[at] = len(slots) + of
    arm, made = (np.concatenate([getattr(offer, name) for offer in offers]) for name in ("arm", "made"))
    which = np.repeat(np.arange(len(offers)), [len(offer.key) for offer in offers])
    experiment[at] = np.where(arm[of], which[of], -1)
    variant[at] = np.where(arm[of], made[of], -1)
    propensity[at] = np.where(arm[of], TREATED, np.nan)
    return {
        "slate_id": _some_of(text.hexadecimal(shown.slate), slate),
        "position": _rare(slate >= 0, position, pa.uint16()),
        "placement": text.words(placement, PLACEMENTS),
        "propensity": _rare(~np.isnan(propensity), propensity, pa.float64()),
        "decision_id": _some_of(
            text.hexadecimal(np.concatenate([slots.key, *(offer.key for offer in offers)])), decision
        ),
        "experiment": text.words(experiment, EXPERIMENTS),
        "variant": text.words(variant, VARIANTS),
        "ad_id": text.words(ad, ADS),
        "campaign_id": text.words(np.where(ad >= 0, day.ads.campaign[ad], -1), CAMPAIGNS),
        "ad_category": text.words(np.where(ad >= 0, day.ads.category[ad], -1), AD_CATEGORIES),
        "ad_position": text.words(np.where(ad >= 0, placement - len(p.PLACEMENTS), -1), AD_PLACEMENTS),
    }


def _some_of(strings: pa.Array, place: Codes) -> pa.Array:
    return strings.take(pa.array(place, mask=place < 0))


def _rare(where: Flags, values: NDArray[np.generic], kind: pa.DataType) -> pa.Array:
    return pa.array(values, mask=~where).cast(kind)


def _subscription_columns(
    kind: Codes, doings: Doings, session: Codes, tier: Codes, offers: Codes
) -> dict[str, pa.Array]:
    names = ("subscription_start", "subscription_renewal", "payment_failed", "subscription_cancel")
    paid = np.isin(kind, [TYPES.index(name) for name in names]) & (tier >= p.PREMIUM)
    cancels = kind == TYPES.index("subscription_cancel")
    plan = np.where(kind == TYPES.index("subscription_start"), doings.new_plan[session], doings.plan[session])
    price = account.price(tier, plan, doings.paid_share[session])
    offered = np.zeros(len(kind), dtype=bool)
    offered[offers] = kind[offers] == TYPES.index("subscription_prompt")
    to_stay = offered & (tier >= p.PREMIUM)
    asked = np.where(
        to_stay, p.PRICE_EUR[tier] * p.RETENTION_SHARE_OF_PRICE, p.PRICE_EUR[p.PREMIUM] * p.OFFER_SHARE_OF_PRICE
    )
    return {
        "plan": text.words(np.where(paid, tier * len(p.PLANS) + plan, -1), PLAN_NAMES),
        "price_eur": _rare(paid | offered, np.where(offered, np.round(asked, 2), price), pa.float64()),
        "period_end": _rare(paid, doings.period_end[session], pa.int64()).cast(MOMENT),
        "cancel_reason": text.words(np.where(cancels, 0, -1), ("voluntary",)),
    }


def _consent(session: Codes, doings: Doings) -> pa.Array:
    """Stated with each session's first event."""
    first = np.zeros(len(session), dtype=bool)
    first[np.unique(session, return_index=True)[1]] = True
    return _rare(first, doings.consent[session], pa.uint8())


def _metrics(day: Happened, kind: Codes, read: Codes, own: Keys) -> dict[str, pa.Array]:
    """The measures of reading that go with each type of event; the others are null."""
    is_ = {name: kind == TYPES.index(name) for name in TYPES}
    reads = day.reading.articles
    of_reads = (reads.dwell, reads.progress, reads.scroll, day.shelf.articles.seconds[reads.article])
    dwell, progress, scroll, length = (_of_read(values, read) for values in of_reads)
    left, played = is_["scroll"] | is_["article_complete"], is_["video_play"] | is_["video_complete"]
    asked = (bits(own, "query") % np.uint64(len(words.SEARCHES))).astype(np.int64)
    return {
        "scroll_depth": _rare(is_["scroll"], np.round(100 * scroll), pa.float32()),
        "time_on_page": _rare(is_["scroll"], np.round(dwell, 3), pa.float64()),
        "read_progress": _rare(left, np.round(100 * progress), pa.float32()),
        "is_article_complete": _rare(left, progress >= 0.98, pa.bool_()),
        "video_duration": _rare(played, np.round(length), pa.float32()),
        "playback_position": _rare(played, np.where(is_["video_complete"], np.round(length), 0.0), pa.float32()),
        "search_query": text.words(np.where(is_["search"], asked, -1), words.SEARCHES),
        "results_count": _rare(is_["search"], bits(own, "results") % np.uint64(40), pa.uint32()),
    }


def _ad_metrics(day: Happened, at: Codes, row: Codes, kind: Codes) -> dict[str, pa.Array]:
    """What an impression or a click earned."""
    earned = np.full(len(kind), np.nan)
    clicked = kind[at] == TYPES.index("ad_click")
    earned[at] = np.where(clicked, day.slots.click_eur[row[at]], day.slots.shown_eur[row[at]])
    return {"ad_revenue": _rare(~np.isnan(earned), np.round(earned, 6), pa.float64())}


def _of_read(values: NDArray[np.generic], read: Codes) -> NDArray[Any]:
    """The value of each event's read; anything where an event belongs to none."""
    return values[np.maximum(read, 0)] if len(values) else np.zeros(len(read), dtype=values.dtype)


_WORD = pa.dictionary(pa.int16(), pa.string())
SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("user_id", pa.string()),
        ("device_id", pa.string()),
        ("session_id", pa.string()),
        ("event_type", _WORD),
        ("timestamp", MOMENT),
        ("received_at", MOMENT),
        ("brand", _WORD),
        ("category", _WORD),
        ("article_id", pa.string()),
        ("article_title", pa.string()),
        ("article_type", _WORD),
        ("page_url", pa.string()),
        ("referrer", _WORD),
        ("device_type", _WORD),
        ("device_os", _WORD),
        ("browser", _WORD),
        ("country", _WORD),
        ("city", _WORD),
        ("timezone", _WORD),
        ("subscription_tier", _WORD),
        ("user_segment", _WORD),
        ("slate_id", pa.string()),
        ("position", pa.uint16()),
        ("placement", _WORD),
        ("propensity", pa.float64()),
        ("decision_id", pa.string()),
        ("experiment", _WORD),
        ("variant", _WORD),
        ("ad_id", _WORD),
        ("campaign_id", _WORD),
        ("plan", _WORD),
        ("price_eur", pa.float64()),
        ("period_end", MOMENT),
        ("cancel_reason", _WORD),
        ("consent", pa.uint8()),
        ("scroll_depth", pa.float32()),
        ("time_on_page", pa.float64()),
        ("read_progress", pa.float32()),
        ("is_article_complete", pa.bool_()),
        ("video_duration", pa.float32()),
        ("playback_position", pa.float32()),
        ("search_query", _WORD),
        ("results_count", pa.uint32()),
        ("ad_position", _WORD),
        ("ad_category", _WORD),
        ("ad_revenue", pa.float64()),
    ]
)
