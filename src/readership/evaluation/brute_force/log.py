"""Small random logs that hold what goes wrong in real ones: late rows, repeats, clock changes, joined sessions."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

Event = dict[str, Any]
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
START = datetime(2024, 1, 8, tzinfo=UTC)
DAYS = 110
BRANDS = ("North", "South", "")
ZONES = ("Europe/Paris", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Kiritimati", "")
CATEGORIES = ("politics", "sport", "culture", "")
REFERRERS = ("", "direct", "https://www.google.com/", "https://t.co/x", "newsletter", "https://example.org/")
AGENTS = (("desktop", "Windows", "Firefox"), ("mobile", "iOS", "Safari"), ("app", "Android", ""), ("", "", ""))
KINDS = (
    "article_view", "article_view", "article_view", "article_impression", "article_click", "article_complete",
    "scroll", "video_play", "search", "navigation", "newsletter_signup", "subscription_prompt", "subscription_start",
    "subscription_renewal", "subscription_cancel", "payment_failed", "registration", "login", "ad_impression",
    "ad_click", "session_end", "something_new",
)  # fmt: skip
TIERS = ("", "", "free", "premium")
SEGMENTS = ("", "", "student", "retired")
CONSENTS: tuple[list[str] | None, ...] = (
    *(None,) * 12,
    ["analytics", "personalisation"],
    ["analytics", "personalisation", "advertising"],
    *(["analytics", "personalisation"],) * 4,
    ["analytics"],
)


def random_log(seed: int, readers: int = 12, cutoffs: tuple[datetime, ...] = ()) -> list[Event]:
    """Events in Readership's own fields, in the order in which the publisher received them.

    Times are whole milliseconds; `cutoffs` get events exactly at them, one millisecond before, and rows that happened
    before but arrived after. Readers differ: some sources name sessions, some do not.
    """
    chance = random.Random(seed)
    events = [event for reader in range(1, readers + 1) for event in _reader(chance, reader, cutoffs)]
    repeats = [
        {**event, "event_type": "article_view", "received_at": _later(chance, event["received_at"])}
        for event in chance.sample(events, len(events) // 10)
    ]
    return sorted(events + repeats, key=lambda event: (event["received_at"], event["event_id"]))


def rounds(events: list[Event], count: int) -> list[list[Event]]:
    """The log as it arrived in `count` deliveries of about the same size; no moment of arrival is split."""
    size = -(-len(events) // count)
    ends = [0]
    while ends[-1] < len(events):
        end = min(len(events), ends[-1] + size)
        while end < len(events) and events[end]["received_at"] == events[end - 1]["received_at"]:
            end += 1
        ends.append(end)
    return [events[start:end] for start, end in pairwise(ends)]


def _reader(chance: random.Random, reader: int, cutoffs: tuple[datetime, ...]) -> Iterator[Event]:
    named, zone, brand = chance.random() < 0.5, chance.choice(ZONES), chance.choice(BRANDS)
    at = START + DAYS * DAY * chance.random() ** 2
    number = 0
    while at < START + DAYS * DAY:
        session = f"{reader}-{number}" if named else ""
        for _ in range(chance.randint(1, 6)):
            yield _event(chance, reader, at, session, zone, brand)
            at += chance.choice((1, 7, 25, 29)) * timedelta(minutes=chance.random())
            if chance.random() < 0.05:
                at += HOUR
        number += 1
        at += chance.choice((0.1, 1, 1, 2, 5, 30)) * DAY * chance.random()
    for cutoff in cutoffs:
        near = (-DAY / 3, -20 * timedelta(minutes=1), -timedelta(milliseconds=1), 0 * DAY, 10 * timedelta(minutes=1))
        for distance in chance.sample(near, 3):
            session = f"{reader}-edge-{cutoff:%m%d}" if named else ""
            yield _event(chance, reader, cutoff + distance, session, zone, brand, late=distance < -HOUR)


def _event(
    chance: random.Random, reader: int, at: datetime, session: str, zone: str, brand: str, late: bool = False
) -> Event:
    at = _whole(at)
    kind = chance.choice(KINDS)
    device, system, browser = chance.choice(AGENTS)
    received = _later(chance, at) if late or chance.random() < 0.12 else at
    event: Event = {
        "event_id": f"{chance.getrandbits(128):032x}",
        "user_id": str(reader),
        "session_id": session,
        "event_type": kind,
        "timestamp": at,
        "received_at": received,
        "brand": brand if chance.random() < 0.8 else chance.choice(BRANDS),
        "category": chance.choice(CATEGORIES),
        "article_id": f"a{chance.randint(1, 9)}",
        "page_url": f"/p/{chance.randint(1, 4)}",
        "referrer": chance.choice(REFERRERS),
        "device_type": device,
        "device_os": system,
        "browser": browser,
        "country": chance.choice(("", "FR", "BR")),
        "timezone": zone if chance.random() < 0.9 else chance.choice(ZONES),
        "subscription_tier": chance.choice(TIERS),
        "user_segment": chance.choice(SEGMENTS),
        "consent": chance.choice(CONSENTS),
    }
    if chance.random() < 0.5:
        event["time_on_page"] = round(chance.lognormvariate(3, 1), 3)
    if chance.random() < 0.4:
        event["scroll_depth"] = chance.randint(0, 100)
    if kind == "ad_click":
        event["ad_revenue"] = chance.randint(0, 2_000_000) / 1_000_000
    return event


def _later(chance: random.Random, at: datetime) -> datetime:
    return _whole(
        at + chance.choice((1, 60, 6 * 60, 4 * 24 * 60, 20 * 24 * 60)) * timedelta(minutes=1) * chance.random()
    )


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
