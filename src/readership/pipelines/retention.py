"""READERSHIP_RETENTION_DAYS: rows about readers that are older are deleted, each time events were loaded.

The limit lies at the beginning of a day (UTC), so that a log that is loaded every minute is cut once a day. A visit
that goes on across it stays whole, so that sessions and events go on adding up.
"""

from datetime import UTC, datetime, timedelta

from readership.pipelines.erasure_rows import deleting
from readership.settings import Settings
from readership.warehouse import Warehouse

SQL = "readership.pipelines.sql.retention"
TABLES = ("events", "session_versions", "predictions", "exposures", "quarantine", "readers")
"""In this order: a reader goes when no row bears their number any more."""


def limit_of(settings: Settings) -> datetime | None:
    """Rows before this are deleted; None: they are kept."""
    if not settings.retention_days:
        return None
    now = settings.now or datetime.now(UTC)
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=settings.retention_days)


def enforce_retention(warehouse: Warehouse, settings: Settings) -> dict[str, int]:
    """Delete what is older than is kept; returns how many rows, by table. Again deletes nothing more."""
    limit = limit_of(settings)
    if limit is None:
        return {}
    with deleting(warehouse, SQL, limit=limit) as deletion:
        for name in ("begins", "spared", "old_sessions"):
            deletion.run(f"staging_{name}")
            deletion.run(name)
        for table in TABLES:
            deletion.delete(table, table)
    return dict(deletion.rows)
