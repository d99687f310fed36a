"""Numbered migrations: each `.sql` file is applied once, in order, and recorded with its checksum."""

import hashlib
import re
from importlib.resources import files
from typing import NamedTuple

from readership.errors import MigrationError
from readership.warehouse.client import Warehouse

_MADE = re.compile(r"^CREATE (?:TABLE|VIEW) (\w+)", re.MULTILINE)
RECORD = "schema_migrations"
RECORD_COLUMNS = ("number", "name", "checksum", "applied_at")


class Migration(NamedTuple):
    """One statement, its number and the checksum of its text."""

    number: int
    name: str
    sql: str
    checksum: str


def migrations() -> list[Migration]:
    """All migrations, in order."""
    found = []
    for file in sorted(files("readership.warehouse").joinpath("migrations").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".sql"):
            sql = file.read_text(encoding="utf-8")
            number, name = file.name.removesuffix(".sql").split("_", 1)
            found.append(Migration(int(number), name, sql, hashlib.sha256(sql.encode()).hexdigest()))
    return found


def tables() -> list[str]:
    """Names of everything the migrations make."""
    return [name for migration in migrations() for name in _MADE.findall(migration.sql)]


def migrate(warehouse: Warehouse) -> list[str]:
    """Bring the warehouse to the newest schema; returns the names applied now.

    Raises MigrationError when an applied file has changed, or when a table stands in the way
    that no migration made; nothing is altered then.
    """
    warehouse.command(
        "CREATE TABLE IF NOT EXISTS schema_migrations "
        "(number UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC')) "
        "ENGINE = MergeTree ORDER BY number"
    )
    applied = dict(warehouse.rows("SELECT number, checksum FROM schema_migrations"))
    known = migrations()
    for migration in known:
        if applied.get(migration.number, migration.checksum) != migration.checksum:
            raise MigrationError(
                f"migration {migration.number:04}_{migration.name}.sql was changed after it was applied to "
                f"database {warehouse.database!r}; restore the file and add a new migration; nothing was changed"
            )
    pending = [migration for migration in known if migration.number not in applied]
    taken = {name for (name,) in warehouse.rows("SELECT name FROM system.tables WHERE database = currentDatabase()")}
    for migration in pending:
        if migration.name in taken:
            raise MigrationError(
                f"table {warehouse.database}.{migration.name} exists and was not made by Readership; "
                "it was not touched; rename it or give Readership another server"
            )
        warehouse.command(migration.sql)
        warehouse.command(
            "INSERT INTO schema_migrations VALUES ({number:UInt32}, {name:String}, {checksum:String}, now64(3))",
            number=migration.number,
            name=migration.name,
            checksum=migration.checksum,
        )
    return [migration.name for migration in pending]
