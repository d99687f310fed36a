"""The clock changes of every time zone met in the events, so that SQL knows each reader's own hour and day."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from readership.pipelines.staging import SQL
from readership.warehouse import Warehouse, read_sql

FIRST = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(2040, 1, 1, tzinfo=UTC)


def fill_zone_offsets(warehouse: Warehouse) -> int:
    """Store the offsets of zones not stored yet; returns how many zones. A name that is no zone counts as UTC."""
    return store_offsets(warehouse, [zone for (zone,) in warehouse.rows(read_sql(SQL, "new_zones"))])


def store_offsets(warehouse: Warehouse, zones: Sequence[str]) -> int:
    """Store the offsets of these zones; returns how many zones."""
    rows = [(zone, at, minutes) for zone in zones for at, minutes in offsets(zone)]
    if rows:
        names, starts, minutes = zip(*rows, strict=True)
        table = pa.table(
            {
                "timezone": pa.array(names, pa.string()),
                "starts_at": pa.array(starts, pa.timestamp("ms", "UTC")),
                "utc_offset_minutes": pa.array(minutes, pa.int16()),
            }
        )
        warehouse.insert("zone_offsets", table)
    return len(zones)


def offsets(zone: str) -> list[tuple[datetime, int]]:
    """Each moment from 1970 to 2040 at which the zone's offset changes, and the offset from then on, in minutes.

    >>> [(str(at), minutes) for at, minutes in offsets("Europe/Paris")][-1]
    ('2039-10-30 01:00:00+00:00', 60)
    """
    try:
        clock = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return [(FIRST, 0)]
    found = [(FIRST, _minutes(clock, FIRST))]
    day = FIRST
    while day < LAST:
        ahead = day + timedelta(days=1)
        if _minutes(clock, ahead) != found[-1][1]:
            found.append((_change(clock, day, ahead), _minutes(clock, ahead)))
        day = ahead
    return found


def _change(clock: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second, between two moments, at which the offset is that of `after`."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before).total_seconds() // 2)
        if _minutes(clock, middle) == _minutes(clock, after):
            after = middle
        else:
            before = middle
    return after


def _minutes(clock: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(clock).utcoffset()
    assert offset is not None
    return round(offset.total_seconds() / 60)
