"""A real log takes the place of a simulated publisher: the two never share a warehouse, nor a champion."""

from collections.abc import Sequence
from pathlib import Path

from readership.events.source import inspect
from readership.features.versions import clear
from readership.pipelines.truth import TRUTH, held_world
from readership.registry.promotion import retire
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

SQL = "readership.pipelines.sql.truth"


def make_way(
    warehouse: Warehouse, settings: Settings, files: Sequence[Path] = (), *, delimited: bool = False
) -> str | None:
    """Remove the simulated world, if the warehouse holds one, its online features and its champions; says what it did.

    Nothing is lost: the same seed makes the same world again. Bundles and reports stay on disk. Raises InputError, and
    removes nothing, where one of the `files` of the log cannot be read.
    """
    for file in files:
        inspect(file, delimited=delimited)
    world = held_world(warehouse)
    if world is None:
        return None
    for (table,) in warehouse.rows(read_sql(SQL, "own_tables")):
        warehouse.command(read_sql(SQL, "empty_table"), database=warehouse.database, table=table)
    clear(settings.online, settings.state_dir)  # but the state: what came over HTTP is none of the world's
    retired = retire(settings, why=f"made from a simulated publisher ({world}), which a real log replaced")
    warehouse.command(read_sql(SQL, "drop_database"), truth=TRUTH)
    models = f", and {', '.join(retired)} {'has' if len(retired) == 1 else 'have'} no champion" if retired else ""
    return (
        f"the simulated publisher ({world}) made way for this log: its rows are gone{models}; "
        f"`readership simulate --readers {world.world.readers} --days {world.world.days} --seed {world.world.seed}` "
        "makes it again, in a warehouse of its own (READERSHIP_HOME)"
    )
