"""What time it is for the pipeline: the clock on the wall, or the end of a log that nobody writes to any more."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from readership.errors import NotEnoughData
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

LIVE = timedelta(hours=48)
CLOSING = timedelta(minutes=30)
"""Time after its last event at which a session counts as over."""


class Now(NamedTuple):
    """The moment, and why it is that one."""

    at: datetime
    reason: str


def resolve_now(warehouse: Warehouse, settings: Settings, as_of: datetime | None = None) -> Now:
    """`as_of` where given, else READERSHIP_NOW, else the wall clock while the log is alive, else the log's end.

    A log is alive when its newest event happened or was received in the last 48 hours; it ends 30 minutes after
    that event, when its last session is over. Raises NotEnoughData on an empty warehouse.
    """
    ((events, newest),) = warehouse.rows(read_sql("readership.pipelines.sql", "newest_event"))
    if not events:
        raise NotEnoughData(
            "the warehouse holds no events; try `readership demo`, make a publisher with `readership simulate`, "
            "or load your own log with `readership ingest FILE`"
        )
    if as_of is not None:
        return Now(as_of, f"now is {as_of:%Y-%m-%d %H:%M} UTC, as --as-of says")
    if settings.now is not None:
        return Now(settings.now, f"now is {settings.now:%Y-%m-%d %H:%M} UTC, as READERSHIP_NOW says")
    clock = datetime.now(UTC)
    if clock - newest < LIVE:
        return Now(clock, f"now is {clock:%Y-%m-%d %H:%M} UTC; the newest event is from {newest:%Y-%m-%d %H:%M}")
    end = min(newest + CLOSING, clock)
    return Now(
        end,
        f"now is {end:%Y-%m-%d %H:%M} UTC, the end of the log: its newest event is {(clock - newest).days} days old "
        "(--as-of or READERSHIP_NOW say otherwise)",
    )
