"""Rows of events in Arrow: read as numbers, given another value, or made up by a machine."""

from datetime import date, datetime
from typing import Any
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from readership.simulator import text
from readership.simulator.randomness import Keys, bits, keys, normal, pick, uniform

MOMENT = pa.timestamp("ms", "UTC")
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
OF_ARTICLES = ("brand", "category", "article_id", "article_title", "article_type", "page_url")

Flags = NDArray[np.bool_]


def bot_events(views: pa.Table, device: int, own: Keys, day: date) -> pa.Table:
    """Pages opened by one machine on one day, in an hour's session each."""
    chosen = views.take(pa.array((bits(own, "page") % np.uint64(len(views))).astype(np.int64)))
    place = views.slice(int(bits(own[:1], "place")[0]) % len(views), 1)
    first = ordinal(day) * DAY_MS + int(uniform(own[:1], "begins")[0] * 8 * HOUR_MS)
    at = first + np.cumsum(800 + (1600 * uniform(own, "gap")).astype(np.int64))
    at = np.minimum(at, ordinal(day) * DAY_MS + DAY_MS - 1000)
    session = keys(device, at // HOUR_MS)
    count = len(own)
    same = {name: place[name][0].as_py() for name in ("country", "city", "timezone")}
    same |= {"event_type": "article_view", "referrer": "direct", "device_type": "desktop", "device_os": "Linux"}
    same |= {"browser": "Headless Chrome", "subscription_tier": ""}
    columns: dict[str, Any] = {name: chosen[name] for name in OF_ARTICLES}
    columns |= {name: pa.array([value] * count, pa.string()) for name, value in same.items()}
    columns |= {
        "event_id": text.uuids(bits(own, "high"), bits(own, "low")),
        "device_id": text.hexadecimal(np.full(count, device, np.uint64)),
        "session_id": text.hexadecimal(session),
        "timestamp": pa.array(at, MOMENT),
        "received_at": pa.array(at + 150, MOMENT),
    }
    arrays = [
        columns[part.name].cast(part.type) if part.name in columns else pa.nulls(count, part.type)
        for part in views.schema
    ]
    return pa.Table.from_arrays([_plain(array) for array in arrays], schema=views.schema)


def clock_error(own: Keys) -> NDArray[np.int64]:
    """Milliseconds a wrong clock is off: mostly minutes, sometimes whole hours (the zone), seldom days behind."""
    kind = pick(own, "how", np.array([0.6, 0.3, 0.1]))
    minutes = 4 * MINUTE_MS * normal(own, "minutes")
    hours = HOUR_MS * np.round(1 + 10 * uniform(own, "hours")) * np.where(uniform(own, "side") < 0.5, -1, 1)
    days = -DAY_MS * (1 + 29 * uniform(own, "days"))
    return np.choose(kind, [minutes, hours, days]).astype(np.int64)


def spoiled(events: pa.Table, name: str, broken: Flags) -> pa.Table:
    """Spoil one field in the rows marked."""
    if name in ("scroll_depth", "consent"):
        wrong = pa.scalar(250 if name == "scroll_depth" else 99, events.schema.field(name).type)
        return with_column(events, name, pc.if_else(pa.array(broken), wrong, events[name]))
    for column in ("user_id", "device_id") if name == "user_id" else (name,):
        kind = events.schema.field(column).type
        values = plain_words(events, column) if pa.types.is_dictionary(kind) else events[column]
        blank = pc.if_else(pa.array(broken), pa.scalar(None, values.type), values)
        events = with_column(events, column, _encoded(blank, kind) if pa.types.is_dictionary(kind) else blank)
    return events


def codes(events: pa.Table, column: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A number for each row, and for each such number a hash of the text; a missing text is one of its own."""
    coded = pc.dictionary_encode(events[column].combine_chunks(), null_encoding="encode")
    hashes = [crc32((value or "").encode()) for value in coded.dictionary.to_pylist()]
    return coded.indices.to_numpy().astype(np.int64), np.array(hashes, dtype=np.int64)


def row_keys(events: pa.Table, column: str, parent: int) -> Keys:
    """A key under `parent` for each row, by the text of a column."""
    number, hashes = codes(events, column)
    return keys(parent, hashes)[number]


def milliseconds(events: pa.Table, column: str) -> NDArray[np.int64]:
    """A column of times as milliseconds since 1970; 0 where there is none."""
    return pc.fill_null(events[column].cast(pa.int64()), 0).to_numpy()


def plain_words(events: pa.Table, column: str) -> pa.ChunkedArray:
    """A column of words as plain text."""
    return events[column].cast(pa.string())


def known(events: pa.Table, column: str) -> pa.ChunkedArray:
    """Where a column says something."""
    return pc.is_valid(events[column])


def _plain(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _encoded(values: pa.ChunkedArray, kind: pa.DictionaryType) -> pa.Array:
    return values.combine_chunks().dictionary_encode().cast(kind)


def with_column(events: pa.Table, column: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    """The table with other values in a column that it has."""
    place = events.schema.get_field_index(column)
    return events.set_column(place, events.schema.field(place), values)


def ordinal(day: date) -> int:
    """Days since 1970."""
    return (day - date(1970, 1, 1)).days


def in_ms(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return int(moment.timestamp() * 1000)
