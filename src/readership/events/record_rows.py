"""Files and frames of subscriptions, articles or ads as rows of text: a number and the source's columns each."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from readership.errors import InputError
from readership.events import columns as tabular
from readership.events.columns import as_text, is_time, lookup
from readership.events.lines import LONGEST_LINE, read_lines
from readership.events.record_mapping import RecordMapping
from readership.events.source import Source

CHUNK_ROWS = 20_000
_LINES_BYTES = 16 << 20
_EXACT = 2.0**53
COLUMNS = pa.map_(pa.string(), pa.string())
SCHEMA = pa.schema([("n", pa.uint64()), ("columns", COLUMNS), ("problem", pa.string())])


class TextRows(NamedTuple):
    """Rows of a source: `n` (line or row number, less one), `columns` (name to text), `problem` ("" where readable)."""

    rows: pa.Table
    names: tuple[str, ...]


def read_rows(source: Source, mapping: RecordMapping) -> Iterator[TextRows]:
    """The rows of a file in chunks."""
    if source.kind == "lines":
        yield from _json_rows(source, mapping)
        return
    chunks = tabular.read_rows(source, mapping.form, CHUNK_ROWS)
    for chunk in chunks:
        names = tuple(chunk.columns.column_names)
        columns, problem = _as_maps(chunk.columns, mapping)
        yield TextRows(pa.table([pc.cast(chunk.n, pa.uint64()), columns, problem], schema=SCHEMA), names)
        if chunk.refused:
            refused = [(n, {"line": text}, reason) for n, reason, text in chunk.refused]
            yield TextRows(_table(refused), names)


def frame_rows(frames: Iterable[pa.Table], mapping: RecordMapping) -> Iterator[TextRows]:
    """The rows of Arrow tables, numbered on from one to the next."""
    first = 0
    for frame in frames:
        for begin in range(0, frame.num_rows, CHUNK_ROWS):
            part = frame.slice(begin, CHUNK_ROWS)
            n = pa.array(np.arange(first, first + part.num_rows, dtype=np.uint64))
            columns, problem = _as_maps(part, mapping)
            yield TextRows(pa.table([n, columns, problem], schema=SCHEMA), tuple(part.column_names))
            first += part.num_rows


def _as_maps(table: pa.Table, mapping: RecordMapping) -> tuple[pa.MapArray, pa.Array]:
    """The columns of each row as a map from name to text, and what is wrong with it."""
    paths = [path for path in mapping.columns.values() if "." in path and path not in table.column_names]
    found = {name: lookup(table, name) for name in (*table.column_names, *paths)}
    texts: dict[str, pa.Array] = {}
    problem = pa.array([""] * table.num_rows, pa.string())
    for name, column in found.items():
        if column is None:
            continue
        texts[name], invalid = _text(column, mapping)
        if invalid is not None:
            problem = pc.if_else(invalid, f"column {name!r} is not UTF-8 text", problem)
    rows, width = table.num_rows, len(texts)
    order = np.arange(rows * width).reshape(width, rows).T.ravel()
    values = pa.concat_arrays([_one(column) for column in texts.values()]).take(pa.array(order))
    keys = pa.array(list(texts) * rows, pa.string())
    offsets = pa.array(np.arange(0, rows * width + 1, width or 1), pa.int32())
    return pa.MapArray.from_arrays(offsets, keys, values), problem


def _text(column: pa.Array, mapping: RecordMapping) -> tuple[pa.Array, pa.Array | None]:
    """A column as text; times with milliseconds in UTC, whole numbers without a point."""
    if is_time(column.type):
        return _written(column, mapping), None
    if pa.types.is_floating(column.type):
        whole = pc.and_kleene(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), _EXACT))
        numbers = pc.cast(pc.if_else(whole, column, None), pa.int64(), safe=False)
        fractions, _ = as_text(column)
        return pc.coalesce(pc.cast(numbers, pa.string()), fractions), None
    return as_text(column)


def _written(column: pa.Array, mapping: RecordMapping) -> pa.Array:
    if pa.types.is_date(column.type):
        column = pc.cast(column, pa.timestamp("ms"))
    if column.type.tz is None:
        if not mapping.zone:
            raise InputError(
                f"mapping {mapping.name}: a time column of the source has no zone; state `zone` under [time]; "
                "nothing was loaded"
            )
        column = pc.assume_timezone(
            pc.cast(column, pa.timestamp("ms"), safe=False), mapping.zone, ambiguous="earliest", nonexistent="earliest"
        )
    plain = pc.cast(pc.cast(column, pa.timestamp("ms", "UTC"), safe=False), pa.timestamp("ms"))
    return pc.fill_null(pc.strftime(plain, "%Y-%m-%dT%H:%M:%SZ"), "")


def _one(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return pc.cast(column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column, pa.string())


def _json_rows(source: Source, mapping: RecordMapping) -> Iterator[TextRows]:
    paths = [path for path in mapping.columns.values() if "." in path]
    n = 0
    for chunk in read_lines(source, _LINES_BYTES):
        read = []
        names: dict[str, None] = {}
        for line in chunk.read().removesuffix(b"\n").split(b"\n"):
            if line.strip():
                columns, problem = _json_row(line, paths)
                read.append((n, columns, problem))
                if not problem:
                    names |= dict.fromkeys(columns)
            n += 1
        for begin in range(0, len(read), CHUNK_ROWS):
            yield TextRows(_table(read[begin : begin + CHUNK_ROWS]), tuple(names))


def _json_row(line: bytes, paths: list[str]) -> tuple[dict[str, str], str]:
    """The columns of a JSON object, or what is wrong with the line."""
    shown = {"line": line[:LONGEST_LINE].decode("utf-8", "backslashreplace")}
    try:
        found = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        return shown, "line is not UTF-8 text"
    except ValueError:
        return shown, "line is not JSON"
    if not isinstance(found, dict):
        return shown, "line is not a JSON object"
    columns = {name: _plain(value) for name, value in found.items()}
    for path in paths:
        value: Any = found
        for step in path.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if value is not None:
            columns[path] = _plain(value)
    return columns, ""


def _plain(value: Any) -> str:
    """A JSON value as text: nothing as "", objects and lists as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _table(rows: list[tuple[int, dict[str, str], str]]) -> pa.Table:
    numbers, columns, problems = zip(*rows, strict=True)
    maps = pa.array([list(row.items()) for row in columns], COLUMNS)
    return pa.table([pa.array(numbers, pa.uint64()), maps, pa.array(problems, pa.string())], schema=SCHEMA)
