"""The event log of a day: what happened in its sessions, in the publisher's own fields (the native mapping)."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from readership.simulator import accounts as account
from readership.simulator import parameters as p
from readership.simulator import places, text, words
from readership.simulator.doings import Doings
from readership.simulator.newsroom import VIDEO, Shelf
from readership.simulator.population import SEGMENTS, People
from readership.simulator.randomness import Keys, bits, keys, normal, uniform
from readership.simulator.sessions import Reads, Sessions, session_ends

Codes = NDArray[np.integer]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]

TYPES = (
    "navigation",
    "login",
    "registration",
    "article_click",
    "article_view",
    "ad_impression",
    "ad_click",
    "video_play",
    "video_complete",
    "scroll",
    "article_complete",
    "search",
    "subscription_prompt",
    "newsletter_signup",
    "subscription_start",
    "subscription_renewal",
    "payment_failed",
    "subscription_cancel",
    "session_end",
)
AD_PLACEMENTS = ("top", "inline")
AD_CATEGORIES = ("retail", "finance", "travel", "automotive", "household", "entertainment")
ADS = tuple(f"ad-{number:03}" for number in range(60))
CAMPAIGNS = tuple(f"campaign-{number:02}" for number in range(12))
PLAN_NAMES = tuple(f"{tier}_{plan}" for tier in p.TIERS for plan in p.PLANS)
MOMENT = pa.timestamp("ms", "UTC")


@dataclass
class Log:
    """Events in the making: blocks of (session, time, type, read), then one column for each field that is rare."""

    blocks: list[tuple[int, Codes, Codes, Codes, Codes]] = field(default_factory=list)

    def add(self, kind: str, session: Codes, at: NDArray[np.int64], read: Codes | None = None, nth: int = 0) -> None:
        """Events of one type; `nth` tells apart several of the type in one read or session."""
        read = np.full(len(session), -1) if read is None else read
        self.blocks.append((TYPES.index(kind), session, at, read, np.full(len(session), nth)))

    def columns(self) -> tuple[Codes, Codes, Codes, Codes, Codes]:
        """Type, session, time, read and nth of all events, by time."""
        kind = np.concatenate([np.full(len(block[1]), block[0]) for block in self.blocks])
        session, at, read, nth = (np.concatenate([block[i] for block in self.blocks]) for i in (1, 2, 3, 4))
        order = np.lexsort((nth, kind, read, session, at))
        return kind[order], session[order], at[order], read[order], nth[order]


def event_table(people: People, shelf: Shelf, sessions: Sessions, reads: Reads, doings: Doings) -> pa.Table:
    """All events of a day, by time."""
    log = _log(people, shelf, sessions, reads, doings)
    kind, session, at, read, nth = log.columns()
    if not len(kind):
        return SCHEMA.empty_table()
    step = np.where(read >= 0, _of_read(reads.step, read) + 1, 0)
    own = keys(sessions.key[session], (kind * 64 + step) * 4 + nth)
    who = sessions.person[session]
    starts = kind == TYPES.index("subscription_start")
    tier = np.where(starts, doings.new_tier[session], doings.tier[session])
    columns = {
        "event_id": text.uuids(bits(own, "high"), bits(own, "low")),
        "user_id": pa.array(people.user_id[who], mask=~doings.logged_in[session]).cast(pa.string()),
        "device_id": _per_session(_device_ids(people, sessions, doings), session),
        "session_id": _per_session(text.hexadecimal(sessions.key), session),
        "event_type": text.words(kind, TYPES),
        "timestamp": pa.array(at, MOMENT),
        "received_at": pa.array(at + _delay(own), MOMENT),
        "referrer": text.words(sessions.referrer[session], places.REFERRERS),
        **_place_columns(people, who, sessions.device[session]),
        "subscription_tier": text.words(tier, p.TIERS),
        "user_segment": text.words(np.where(doings.logged_in[session], people.segment[who], 0), SEGMENTS),
        **_article_columns(shelf, sessions, reads, session, read),
        **_ad_columns(kind, nth, own, doings, session),
        **_subscription_columns(kind, doings, session, tier),
        "position": _rare(kind == TYPES.index("article_click"), 1 + bits(own, "place") % np.uint64(12), pa.uint16()),
        "consent": _consent(session, doings),
        **_metrics(shelf, reads, kind, nth, read, own, doings, session),
    }
    return pa.table({name: columns[name] for name in SCHEMA.names}, schema=SCHEMA)


def _log(people: People, shelf: Shelf, sessions: Sessions, reads: Reads, doings: Doings) -> Log:
    log = Log()
    ends = session_ends(sessions, reads)
    whole = np.arange(len(sessions))

    def some(flags: Flags) -> Codes:
        return np.flatnonzero(flags)

    front = some((sessions.referrer == places.DIRECT) | (sessions.reads == 0))
    log.add("navigation", front, sessions.start[front])
    for kind, flags, delay in (("login", doings.logs_in, 700), ("registration", doings.registers, 900)):
        log.add(kind, some(flags), sessions.start[some(flags)] + delay)
    _log_reads(log, people, shelf, sessions, reads, doings)
    found = some(doings.searches)
    log.add("search", found, sessions.start[found] + 1200)
    prompted = some(doings.prompt >= 0)
    log.add("subscription_prompt", prompted, reads.start[doings.prompt[prompted]] + 300, doings.prompt[prompted])
    for kind, flags, before in (
        ("newsletter_signup", doings.signs_up, 300),
        ("subscription_start", doings.subscribes, 200),
        ("subscription_cancel", doings.cancels, 100),
    ):
        log.add(kind, some(flags), ends[some(flags)] - before)
    for kind, notice in (("subscription_renewal", account.RENEWED), ("payment_failed", account.FAILED)):
        shown = some(doings.notice == notice)
        log.add(kind, shown, sessions.start[shown] + 1000)
    tracked = whole[uniform(sessions.key, "tracked_end") < 0.94]
    log.add("session_end", tracked, ends[tracked])
    return log


def _log_reads(log: Log, people: People, shelf: Shelf, sessions: Sessions, reads: Reads, doings: Doings) -> None:
    every = np.arange(len(reads))
    inside = every[(reads.step > 0) | (sessions.referrer[reads.session] == places.DIRECT)]
    log.add("article_click", reads.session[inside], reads.start[inside] - 250, inside)
    log.add("article_view", reads.session, reads.start, every)
    log.add("scroll", reads.session, reads.end, every)
    whole = every[reads.progress >= 0.98]
    log.add("article_complete", reads.session[whole], reads.end[whole] + 1, whole)
    video = every[(shelf.articles.type[reads.article] == VIDEO) & (uniform(reads.key, "plays") < 0.7)]
    log.add("video_play", reads.session[video], reads.start[video] + 800, video)
    seen = video[reads.progress[video] >= 0.9]
    log.add("video_complete", reads.session[seen], reads.end[seen] - 100, seen)
    with_ads = doings.tier[reads.session] < p.PREMIUM
    clicks = p.AD_CLICK * people.ad_tolerance[sessions.person[reads.session]]
    for nth, after in enumerate((400, 9000)):
        shown = every[with_ads & (reads.dwell * 1000 > after)]
        log.add("ad_impression", reads.session[shown], reads.start[shown] + after, shown, nth)
        hit = shown[uniform(reads.key[shown], f"ad_click {nth}") < clicks[shown]]
        log.add("ad_click", reads.session[hit], reads.start[hit] + after + 60, hit, nth)


def _of_read(values: NDArray[np.generic], read: Codes) -> NDArray[Any]:
    """The value of each event's read; anything where an event belongs to none."""
    return values[np.maximum(read, 0)] if len(values) else np.zeros(len(read), dtype=values.dtype)


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


def _article_columns(
    shelf: Shelf, sessions: Sessions, reads: Reads, session: Codes, read: Codes
) -> dict[str, pa.Array]:
    some = read >= 0
    place = np.where(some, _of_read(reads.article, read), 0)
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


def _rare(where: Flags, values: NDArray[np.generic], kind: pa.DataType) -> pa.Array:
    return pa.array(values, mask=~where).cast(kind)


def _ad_columns(kind: Codes, nth: Codes, own: Keys, doings: Doings, session: Codes) -> dict[str, pa.Array]:
    shown = (kind == TYPES.index("ad_impression")) | (kind == TYPES.index("ad_click"))
    ad = (bits(own, "ad") % np.uint64(len(ADS))).astype(np.int64)
    return {
        "placement": text.words(np.where(shown, nth, -1), AD_PLACEMENTS),
        "ad_id": text.words(np.where(shown, ad, -1), ADS),
        "campaign_id": text.words(np.where(shown, ad // 5, -1), CAMPAIGNS),
    }


def _subscription_columns(kind: Codes, doings: Doings, session: Codes, tier: Codes) -> dict[str, pa.Array]:
    names = ("subscription_start", "subscription_renewal", "payment_failed", "subscription_cancel")
    paid = np.isin(kind, [TYPES.index(name) for name in names]) & (tier >= p.PREMIUM)
    starts = kind == TYPES.index("subscription_start")
    cancels = kind == TYPES.index("subscription_cancel")
    plan = np.where(starts, doings.new_plan[session], doings.plan[session])
    return {
        "plan": text.words(np.where(paid, tier * len(p.PLANS) + plan, -1), PLAN_NAMES),
        "price_eur": _rare(paid, account.price(tier, plan), pa.float64()),
        "period_end": _rare(paid, doings.period_end[session], pa.int64()).cast(MOMENT),
        "cancel_reason": text.words(np.where(cancels, 0, -1), ("voluntary",)),
    }


def _consent(session: Codes, doings: Doings) -> pa.Array:
    """Stated with each session's first event."""
    first = np.zeros(len(session), dtype=bool)
    first[np.unique(session, return_index=True)[1]] = True
    return _rare(first, doings.consent[session], pa.uint8())


def _metrics(
    shelf: Shelf, reads: Reads, kind: Codes, nth: Codes, read: Codes, own: Keys, doings: Doings, session: Codes
) -> dict[str, pa.Array]:
    """The measures that go with each type of event; the others are null."""
    is_ = {name: kind == TYPES.index(name) for name in TYPES}
    of_reads = (reads.dwell, reads.progress, reads.scroll, shelf.articles.seconds[reads.article])
    dwell, progress, scroll, length = (_of_read(values, read) for values in of_reads)
    left, played = is_["scroll"] | is_["article_complete"], is_["video_play"] | is_["video_complete"]
    shown = is_["ad_impression"] | is_["ad_click"]
    worth = p.AD_EUR_PER_THOUSAND / 1000 * np.exp(0.7 * normal(own, "bid") - 0.245)
    worth = np.where((doings.consent[session] & 4) != 0, worth, 0.4 * worth)
    asked = (bits(own, "query") % np.uint64(len(words.SEARCHES))).astype(np.int64)
    ad_category = (bits(own, "ad") % np.uint64(len(ADS))).astype(np.int64) // 10
    return {
        "scroll_depth": _rare(is_["scroll"], np.round(100 * scroll), pa.float32()),
        "time_on_page": _rare(is_["scroll"], np.round(dwell, 3), pa.float64()),
        "read_progress": _rare(left, np.round(100 * progress), pa.float32()),
        "is_article_complete": _rare(left, progress >= 0.98, pa.bool_()),
        "video_duration": _rare(played, np.round(length), pa.float32()),
        "playback_position": _rare(played, np.where(is_["video_complete"], np.round(length), 0.0), pa.float32()),
        "search_query": text.words(np.where(is_["search"], asked, -1), words.SEARCHES),
        "results_count": _rare(is_["search"], bits(own, "results") % np.uint64(40), pa.uint32()),
        "ad_position": text.words(np.where(shown, nth, -1), AD_PLACEMENTS),
        "ad_category": text.words(np.where(shown, ad_category, -1), AD_CATEGORIES),
        "ad_revenue": _rare(is_["ad_impression"], np.round(worth, 6), pa.float64()),
    }


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
        ("position", pa.uint16()),
        ("placement", _WORD),
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
