"""Ten thousand events that are none, over HTTP and into the warehouse: nothing falls over, none is stored as good."""

import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from served_world import World, serving

from readership.events.segments import read_segment, segments
from readership.pipelines.segments import ingest_segments
from readership.warehouse import Warehouse

EVENTS, BODIES, AT_ONCE = 9000, 1000, 45
GOOD = {
    "user_id": "42",
    "event_type": "article_view",
    "timestamp": 1_767_225_600_000,
    "article_id": "a1",
    "engagement_metrics": {"scroll_depth": 50, "time_on_page": 3},
}
NO_TIMES = [
    "soon",
    "",
    None,
    True,
    [],
    {},
    [1],
    -5,
    1e300,
    "2026-13-45",
    "NaN",
    "1e999",
    4e12,
    10**40,
    "\x00",
    "０",
    "now()",
]
NO_CONSENT = ["perhaps", 16, -1, 3.5, True, "15; DROP TABLE events"]
OUT_OF_RANGE = [("scroll_depth", 101), ("scroll_depth", "x"), ("read_progress", -1), ("time_on_page", -1)]
OUT_OF_RANGE += [("time_on_page", "inf"), ("video_duration", 1e10), ("results_count", {}), ("ad_revenue", "nan")]
NO_EVENTS = [None, 5, "x", [], [[]], True, {}, {"a": 1}, 1.5, "", {"event": GOOD}, [GOOD]]
ODD_TEXTS = [
    "\x00",
    "\u202e",
    "\r\n",
    "💥" * 9,
    "'; --",
    "{a:String}",
    "\\",
    '"',
    "\ufeff",
    "%s%n",
    "../../etc",
]


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name not in names}


def malformed(chance: random.Random) -> object:
    """Something that is no event by the contract, whatever else is odd about it."""
    kinds: list[Callable[[], object]] = [
        lambda: chance.choice(NO_EVENTS),
        lambda: without("user_id"),
        lambda: GOOD | {"user_id": chance.choice(["", None])},
        lambda: without("timestamp"),
        lambda: GOOD | {"timestamp": chance.choice(NO_TIMES)},
        lambda: GOOD | {"received_at": chance.choice(["soon", [1], {"a": 1}, -1, 4e12])},
        lambda: without("event_type"),
        lambda: GOOD | {"event_type": chance.choice(["", None])},
        lambda: GOOD | {"consent": chance.choice(NO_CONSENT)},
        lambda: GOOD | {"engagement_metrics": dict([chance.choice(OUT_OF_RANGE)])},
        lambda: nested(chance.randrange(1, 900)),
    ]
    event = chance.choice(kinds)()
    if isinstance(event, dict) and event and chance.random() < 0.5:
        names = [
            chance.choice(["brand", "article_title", "metadata", "city", chance.choice(ODD_TEXTS)]) for _ in range(3)
        ]
        event = {**event, **{name: chance.choice([*ODD_TEXTS, 1, None, [1], {"a": "b"}]) for name in names}}
    return event


def nested(depth: int) -> object:
    found: object = 1
    for _ in range(depth):
        found = [found]
    return found


def broken(chance: random.Random) -> bytes:
    """A body that is no JSON: cut off, with bytes changed, or anything at all."""
    text = json.dumps([GOOD] * chance.randrange(1, 4)).encode()
    cut = text[: chance.randrange(1, len(text) - 1)]
    return chance.choice([cut, cut[::-1], chance.randbytes(40) + b"\xff", b"[" * 5000, cut + b"\xc3\x28", b'"\\ud800"'])


def test_nothing_falls_over_and_nothing_is_stored_as_good(bare: World, warehouse: Warehouse) -> None:
    chance = random.Random(8)
    statuses: Counter[int] = Counter()
    with serving(bare.settings) as client:
        for _ in range(EVENTS // AT_ONCE):
            events = [malformed(chance) for _ in range(AT_ONCE)]
            answer = client.post("/v1/events", content=json.dumps(events).encode())
            statuses[answer.status_code] += AT_ONCE
            assert answer.json()["refused"] > 0
        for _ in range(BODIES):
            answer = client.post("/v1/events", content=broken(chance))
            statuses[answer.status_code] += 1
            assert answer.json()["code"] == "events_invalid"
        assert client.post("/v1/events", json=GOOD).status_code == 202
    assert statuses == {202: EVENTS, 400: BODIES}
    folder = bare.settings.path(bare.settings.segments)
    assert sum(len(read_segment(segment.path).records) for segment in segments(folder)) == EVENTS + 1
    done = ingest_segments(warehouse, bare.settings)
    assert (done["events_loaded"], done["events_quarantined"], done["lines_damaged"]) == (1, EVENTS, 0)
    assert warehouse.rows("SELECT event_type, article_id FROM events") == [("article_view", "a1")]
