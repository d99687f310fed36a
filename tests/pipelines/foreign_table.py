"""A publisher's own server in tests: a table of sessions with names, types and times of its own."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from readership.events.mapping import Mapping, load_mapping
from readership.pipelines.adopt import adopt
from readership.settings import Settings
from readership.warehouse import Warehouse
from readership.warehouse.remote import SourceTable, open_source

ALL = ("analytics", "personalisation", "advertising", "marketing")
BEGIN = datetime(2026, 3, 2, 12, 0)
"""As the publisher's table shows it: a time of day in Berlin."""
CREATE = """
CREATE TABLE {db:Identifier}.visits
(
    visit_uuid UUID, reader_hash FixedString(32), site LowCardinality(String), begin DateTime, finish DateTime,
    abo LowCardinality(Nullable(String)), articles_read UInt16, story_ids Array(String), hits UInt32,
    written_at DateTime('UTC')
)
ENGINE = MergeTree PARTITION BY toYYYYMM(begin) ORDER BY (reader_hash, begin)
"""
MAPPING = """
kind = "sessions"
[columns]
session_id = "visit_uuid"
user_id = "reader_hash"
session_start = "begin"
session_end = "finish"
created_at = "written_at"
brand = "site"
subscription_tier = "abo"
article_views = "articles_read"
article_ids_visited = "story_ids"
total_events = "hits"
[tiers]
basis = "free"
gast = ""
[time]
zone = "Europe/Berlin"
"""


_COLUMNS = (
    "visit_uuid", "reader_hash", "site", "begin", "finish", "abo", "articles_read", "story_ids", "hits", "written_at",
)  # fmt: skip


class Visit(NamedTuple):
    """A row; `minute` counts from BEGIN, `written` the minutes from the end of the visit until the row was written."""

    reader: str
    minute: float = 0
    number: int = 1
    tier: str | None = None
    stories: tuple[str, ...] = ()
    site: str = "Kurier"
    length: float = 10
    written: float = 1
    hits: int = 3

    def values(self) -> tuple[Any, ...]:
        """The row's values, in the order of the table's columns."""
        begin = BEGIN + timedelta(minutes=self.minute)
        finish = begin + timedelta(minutes=self.length)
        written = finish + timedelta(minutes=self.written) - timedelta(hours=1)  # Berlin is an hour ahead in March
        return (
            str(uuid.UUID(int=self.number)),
            self.reader.ljust(32, "0"),
            self.site,
            f"{begin:%Y-%m-%d %H:%M:%S}",
            f"{finish:%Y-%m-%d %H:%M:%S}",
            self.tier,
            len(self.stories),
            list(self.stories),
            self.hits,
            f"{written:%Y-%m-%d %H:%M:%S}",
        )


class Theirs:
    """The publisher's database on the test server, written by its own user; Readership reads it as `reader`."""

    def __init__(self, server: Warehouse, dsn: str, folder: Path) -> None:
        self.server = server
        self.dsn = dsn.replace("default:", "reader:")
        self.database = f"theirs_{uuid.uuid4().hex[:8]}"
        self.name = f"{self.database}.visits"
        self.folder = folder

    def do(self, sql: str, **values: Any) -> None:
        """Run a statement as the publisher."""
        self.server.command(sql, db=self.database, **values)

    def write(self, visits: Sequence[Visit]) -> None:
        """Add rows."""
        rows = [dict(zip(_COLUMNS, visit.values(), strict=True)) for visit in visits]
        self.insert(*rows)

    def insert(self, *rows: dict[str, Any]) -> None:
        """Add rows as they are, column by column."""
        lines = "\n".join(json.dumps(row) for row in rows)
        self.server.raw_insert(f"{self.database}.visits", list(rows[0]), lines.encode(), "JSONEachRow")

    def content(self) -> Any:
        """Everything the table is and holds, as a hash: its rows, its definition, its parts, the tables beside it."""
        tables = self.server.rows(
            "SELECT name, create_table_query FROM system.tables WHERE database = {db:String} ORDER BY name",
            db=self.database,
        )
        hashes = [
            self.server.rows(
                "SELECT count(), sum(cityHash64(*)) FROM {db:Identifier}.{table:Identifier}",
                db=self.database,
                table=table,
            )
            for table, _ in tables
        ]
        return tables, hashes

    def mapping(self, text: str = MAPPING) -> Mapping:
        """A mapping file with this text."""
        file = self.folder / "visits.toml"
        file.write_text(text, encoding="utf-8")
        return load_mapping(file)

    @contextmanager
    def opened(self, settings: Settings, name: str | None = None) -> Iterator[SourceTable]:
        """The table, as a user who may only read sees it."""
        with open_source(self.dsn, settings) as source:
            yield source.table(name or self.name)

    def read(self, warehouse: Warehouse, settings: Settings, mapping: Mapping | None = None, **options: Any) -> Any:
        """Read what is new."""
        with self.opened(settings) as table:
            chosen = mapping or self.mapping()
            return adopt(warehouse, table, chosen, settings=settings, **{"consent": ALL, **options})
