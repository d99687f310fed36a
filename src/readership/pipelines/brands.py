"""One brand of several: that it is in the log, and who its readers are."""

from datetime import datetime

import polars as pl

from readership.errors import InputError
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

SQL = "readership.pipelines.sql"
_MOST_NAMED = 20


def check_brand(warehouse: Warehouse, settings: Settings) -> None:
    """Raise InputError where the settings name a brand that no session has; the message lists those there are."""
    if settings.brand is None:
        return
    known = [brand for brand, _ in warehouse.rows(read_sql(SQL, "brands"))]
    if settings.brand not in known:
        named = ", ".join(known[:_MOST_NAMED]) or "none: no event names one"
        more = f" and {len(known) - _MOST_NAMED} smaller ones" if len(known) > _MOST_NAMED else ""
        raise InputError(
            f"brand {settings.brand!r} is not in the log; its brands are {named}{more}; nothing was changed"
        )


def of_brand(
    warehouse: Warehouse, settings: Settings, frame: pl.DataFrame, as_of: datetime, snapshot_at: datetime
) -> pl.DataFrame:
    """The rows of readers with a session at the settings' brand; all of them where no brand is set."""
    if settings.brand is None:
        return frame
    readers = warehouse.frame(
        read_sql(SQL, "brand_readers"), brand=settings.brand, as_of=as_of, snapshot_at=snapshot_at
    )
    return frame.join(readers.cast({"user_id": pl.UInt64}), on="user_id", how="semi", maintain_order="left")
