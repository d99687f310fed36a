"""`readership simulate --out`: a world as files, for `readership ingest` or anything else that reads them."""

import tempfile
from contextlib import ExitStack
from io import BufferedWriter
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from readership.errors import InputError
from readership.pipelines.making import Asked, Making
from readership.pipelines.progress import Progress
from readership.simulator import Day
from readership.simulator.bookings import bookings
from readership.simulator.stream import json_texts

Format = Literal["parquet", "jsonl"]
ROWS_IN_GROUP = 250_000


def simulate_files(
    asked: Asked,
    out: Path,
    *,
    format: Format = "parquet",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Make a world and write it to the folder `out`, which appears when it is whole; no warehouse is opened.

    events (in `format`), ads, articles, subscriptions, outages, and the hidden state under truth/ (Parquet). Where the
    tracker's fields change, a second file of events begins.
    """
    making = Making(asked, progress)
    with folder_of(asked, out, format) as files:
        for day in making.days():
            files.add("events", day.events)
            files.add_rest(day)
        files.finish()
    return making.summary({"folder": str(out)})


def folder_of(asked: Asked, out: Path, format: Format = "parquet") -> "Files":
    """A folder to write a world to. Raises InputError where `out` holds something already."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} exists and is not an empty folder; choose another --out; nothing was changed")
    out.parent.mkdir(parents=True, exist_ok=True)
    return Files(asked, out, format)


class Files(ExitStack):
    """One file a table, written as the rows come, in a hidden folder that is renamed by `finish`."""

    def __init__(self, asked: Asked, out: Path, format: Format) -> None:
        super().__init__()
        self._asked, self._out, self._format = asked, out, format
        self._written: dict[str, _Parquet | _Lines] = {}

    def __enter__(self) -> "Files":
        super().__enter__()
        hidden = tempfile.TemporaryDirectory(prefix=f".{self._out.name}-", dir=self._out.parent)
        self._folder = Path(self.enter_context(hidden)) / "world"
        self._folder.mkdir()
        if self._asked.dirt:
            self.add("truth/dirt", self._asked.planned())
        if (outages := self._asked.outages()) is not None:
            self.add("outages", outages)
        self.add("ads", bookings(self._asked.world))
        return self

    def add_rest(self, day: Day) -> None:
        """What a day leaves behind other than events."""
        self.add("articles", day.articles)
        self.add("subscriptions", day.subscriptions)
        for name, table in day.truth.items():
            self.add(f"truth/{name}", table)

    def add(self, name: str, table: pa.Table) -> None:
        """Append rows to a table's file, or to a further one where its columns have changed."""
        file = self._written.get(name)
        if file is None or file.schema != table.schema:
            further = "" if file is None else "-2"
            path = self._folder / f"{name}{further}"
            path.parent.mkdir(exist_ok=True)
            kind = _Lines if self._format == "jsonl" and name == "events" else _Parquet
            file = self._written[name] = kind(path, table.schema)
            self.callback(file.close)
        file.write(table)

    def finish(self) -> None:
        """Close every file and let the folder appear."""
        for file in self._written.values():
            file.close()
        if self._out.exists():
            self._out.rmdir()
        self._folder.rename(self._out)


class _Parquet:
    """Days are put together to large row groups: a file of many small ones is slow to read, for us and for others."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.schema = schema
        self._writer = pq.ParquetWriter(path.with_name(f"{path.name}.parquet"), schema, compression="zstd")
        self._waiting: list[pa.Table] = []

    def write(self, table: pa.Table) -> None:
        self._waiting.append(table)
        if sum(map(len, self._waiting)) >= ROWS_IN_GROUP:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting).unify_dictionaries())
            self._waiting.clear()


class _Lines:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.schema = schema
        self._file: BufferedWriter = path.with_name(f"{path.name}.jsonl").open("wb")

    def write(self, table: pa.Table) -> None:
        if len(table):
            self._file.write(("\n".join(json_texts(table).to_list()) + "\n").encode())

    def close(self) -> None:
        self._file.close()
