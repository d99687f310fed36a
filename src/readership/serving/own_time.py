"""The time of the log that is served: the clock on the wall, or one that goes on where a log ended long ago.

A log that nobody writes to any more (a demonstration, an old export) is served as if it went on: its last hours are the
last hours. What comes over HTTP in the meantime is laid onto that time as well.
"""

from datetime import datetime, timedelta
from time import time_ns
from typing import NamedTuple, Self

LIVE_MS = int(timedelta(hours=48).total_seconds()) * 1000


class OwnTime(NamedTuple):
    """behind_ms  how far the log's time lies behind the clock on the wall; 0 for a living log."""

    behind_ms: int = 0

    @classmethod
    def of(cls, as_of: datetime, created_at: datetime, pretended: datetime | None) -> Self:
        """The time of a memory that was true at `as_of` and made at `created_at`; `pretended` is READERSHIP_NOW."""
        if pretended is not None:
            return cls(wall_ms() - _ms(pretended))
        behind = _ms(created_at) - _ms(as_of)
        return cls(behind if behind > LIVE_MS else 0)

    def now_ms(self) -> int:
        """What time it is in the log."""
        return wall_ms() - self.behind_ms

    def of_wall(self, at_ms: int, arrived_ms: int) -> int:
        """A stated time in the log's; one long before its arrival was stated in the log's time already.

        >>> OwnTime(1000).of_wall(5000, 5000), OwnTime(1000).of_wall(5000, 5000 + LIVE_MS)
        (4000, 5000)
        """
        return at_ms - self.behind_ms if at_ms > arrived_ms - LIVE_MS else at_ms


def wall_ms() -> int:
    """Milliseconds since 1970."""
    return time_ns() // 1_000_000


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
