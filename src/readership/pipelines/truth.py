"""The simulator's hidden state in the warehouse: a database of its own, that no feature and no label reads."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from readership.simulator import World
from readership.simulator.parameters import VERSION
from readership.warehouse import Warehouse, read_sql

TRUTH = "truth"
TABLES = (
    "readers", "days", "reader_days", "visits", "impressions", "reads", "ads", "offers", "renewals",
    "dirt", "dirty_events",
)  # fmt: skip
SQL = "readership.pipelines.sql.truth"


@dataclass(frozen=True)
class HeldWorld:
    """The world a warehouse holds, and by which version of the rules it was made."""

    world: World
    version: int
    complete: bool

    def __str__(self) -> str:
        world = self.world
        return f"{world.readers} readers, {world.days} days from {world.start:%Y-%m-%d}, seed {world.seed}"


def held_world(warehouse: Warehouse, truth: str = TRUTH) -> HeldWorld | None:
    """The world this warehouse holds, or None."""
    if not warehouse.scalar(read_sql(SQL, "has_world"), truth=truth):
        return None
    rows = warehouse.frame(read_sql(SQL, "world"), truth=truth).to_dicts()
    if not rows:
        return None
    row = rows[0]
    world = World(row["readers"], row["days"], row["seed"], row["starts_at"], drift_day=row.get("drift_day"))
    return HeldWorld(world, row["version"], row["state"] == "complete")


def create_truth(warehouse: Warehouse, truth: str = TRUTH) -> None:
    """Make the tables where they are not there yet."""
    warehouse.command(read_sql(SQL, "create_database"), truth=truth)
    for table in ("worlds", "contacts", *TABLES):
        warehouse.command(read_sql(SQL, f"create_{table}"), truth=truth)


def record_world(warehouse: Warehouse, truth: str, world: World, state: str) -> None:
    """Say that this world is being written, or is complete."""
    moment = pa.timestamp("ms", "UTC")
    row = {
        "at": pa.array([datetime.now(UTC)], moment),
        "state": [state],
        "version": pa.array([VERSION], pa.uint16()),
        "readers": pa.array([world.readers], pa.uint32()),
        "days": pa.array([world.days], pa.uint32()),
        "seed": pa.array([world.seed], pa.int64()),
        "starts_at": pa.array([world.start], moment),
        "drift_day": pa.array([world.drift_day], pa.uint32()),
    }
    warehouse.insert(f"{truth}.worlds", pa.table(row))


def rows_held(warehouse: Warehouse) -> str:
    """What the publisher's tables hold, in words; empty where they hold nothing."""
    counts = warehouse.rows(read_sql(SQL, "rows_held"))[0]
    names = ("events", "articles", "subscriptions", "ads", "outages", "rows in quarantine")
    held = zip(counts, names, strict=True)
    return ", ".join(f"{count:,} {name}" for count, name in held if count)
