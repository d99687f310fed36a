"""CSV and Parquet: a file's columns as the fields of events, in chunks of rows."""

import csv
import io
import json
import shutil
import tempfile
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from readership.errors import InputError
from readership.events.fields import ENGAGEMENT_FIELDS
from readership.events.mapping import Mapping
from readership.events.source import Source, open_bytes

CHUNK_ROWS = 500_000
_CSV_BLOCK = 32 << 20


class Rows(NamedTuple):
    """Rows of a file, column by column; `n` holds the number of the line (CSV) or row (Parquet), less one."""

    n: pa.Array
    columns: pa.Table
    refused: list[tuple[int, str, str]]
    """Rows that have no columns at all: n, reason, text."""


def read_csv(source: Source) -> Iterator[Rows]:
    """The rows of a CSV file with a header, every value as bytes.

    The delimiter is the most frequent of comma, semicolon and tab in the header.
    """
    with open_bytes(source) as file:
        names, delimiter = _header(source.path, file.read(_CSV_BLOCK))
    refused: list[tuple[int, str, str]] = []

    def refuse(row: arrow_csv.InvalidRow) -> str:
        refused.append(
            (row.number - 1, f"row has {row.actual_columns} values, the header has {row.expected_columns}", row.text)
        )
        return "skip"

    record = 1
    breaks = 0
    with open_bytes(source) as file:
        try:
            reader = arrow_csv.open_csv(
                file,
                read_options=arrow_csv.ReadOptions(block_size=_CSV_BLOCK, use_threads=False),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=refuse
                ),
                convert_options=arrow_csv.ConvertOptions(
                    column_types={name: pa.binary() for name in names}, strings_can_be_null=False
                ),
            )
            for batch in reader:
                table = pa.Table.from_batches([batch])
                taken, refused[:] = list(refused), []
                skipped = {n for n, _, _ in taken}
                numbers, record = _numbers(record, table.num_rows, skipped)
                before, total = _line_breaks(table, breaks)
                lines = pc.cast(pc.add(pa.array(numbers, pa.int64()), before), pa.uint64())
                taken = [(n + _at(before, bisect_left(numbers, n), total), reason, text) for n, reason, text in taken]
                breaks = total
                filled = _not_blank(table)
                yield Rows(lines.filter(filled), table.filter(filled), taken)
        except pa.ArrowInvalid as error:
            raise InputError(
                f"{source.path} cannot be read as CSV: {error}; correct the file and load it again"
            ) from error
    if refused:
        yield Rows(pa.array([], pa.uint64()), pa.table({name: pa.array([], pa.binary()) for name in names}), refused)


def read_parquet(source: Source, rows: int = CHUNK_ROWS) -> Iterator[Rows]:
    """The rows of a Parquet file, with the types it gives them."""
    with tempfile.TemporaryDirectory() as folder:
        path = source.path
        if source.gzipped:
            path = Path(folder) / "unzipped.parquet"
            with open_bytes(source) as packed, path.open("wb") as plain:
                shutil.copyfileobj(packed, plain)
        first = 0
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(rows, use_threads=False):
                    n = pa.array(range(first, first + batch.num_rows), pa.uint64())
                    yield Rows(n, pa.Table.from_batches([batch]), [])
                    first += batch.num_rows
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(f"{source.path} cannot be read as Parquet: {error}; get the whole file again") from error


def check_columns(path: Path, names: list[str], mapping: Mapping) -> None:
    """Raise InputError when the mapping speaks of a column that the file does not have."""
    wanted = dict(mapping.columns)
    if mapping.optional_columns:
        wanted = {name: mapping.column(name) for name in mapping.row.required if name not in mapping.constants}
    missing = {
        field: column for field, column in wanted.items() if column.split(".")[0] not in names and column not in names
    }
    if mapping.optional_columns and not {mapping.column("user_id"), mapping.column("device_id")} & set(names):
        missing["user_id"] = mapping.column("user_id")
    if missing:
        field, column = next(iter(missing.items()))
        raise InputError(
            f"{path}: mapping {mapping.name!r} reads {field!r} from column {column!r}, which the file does not have; "
            f"its columns are {', '.join(names)}; nothing was loaded; choose another --mapping or write one"
        )


def records(rows: Rows, mapping: Mapping) -> pa.Table:
    """The rows as text columns named by our fields; times that are times stay so (milliseconds, UTC)."""
    table = rows.columns
    columns: dict[str, pa.Array] = {"n": rows.n}
    problem: pa.Array | None = None
    for name in mapping.row.fields:
        column = _find(table, name, mapping)
        if column is None:
            continue
        if name in mapping.row.times and is_time(column.type):
            columns[f"{name}_ms"] = _milliseconds(column, mapping)
            continue
        text, invalid = as_text(column)
        columns[name] = text
        if invalid is not None:
            told = pc.if_else(invalid, f"column {mapping.column(name)!r} is not UTF-8 text", "")
            problem = told if problem is None else pc.if_else(pc.equal(problem, ""), told, problem)
    if problem is not None:
        columns["line_problem"] = problem
    return pa.table(columns)


def raw_rows(rows: Rows, wanted: set[int]) -> list[tuple[int, str]]:
    """The rows with these numbers as JSON, for the quarantine."""
    mask = pc.is_in(rows.n, value_set=pa.array(sorted(wanted), pa.uint64()))
    numbers = rows.n.filter(mask).to_pylist()
    found = rows.columns.filter(mask).to_pylist()
    return [(n, json.dumps(row, default=_plain, ensure_ascii=False)) for n, row in zip(numbers, found, strict=True)]


def _header(path: Path, block: bytes) -> tuple[list[str], str]:
    try:
        first = block.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: the header is not UTF-8 text; convert the file with `iconv` and load the result"
        ) from error
    delimiter = max(",;\t", key=first.count)
    names = next(csv.reader(io.StringIO(first.strip("\r")), delimiter=delimiter), [])
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError(f"{path}: the header names column {repeated[0]!r} twice; nothing was loaded; rename one")
    return names, delimiter


def _numbers(record: int, count: int, skipped: set[int]) -> tuple[list[int], int]:
    """Record numbers (from 0, the header being 0) of `count` rows, jumping over refused ones."""
    numbers: list[int] = []
    while len(numbers) < count:
        if record not in skipped:
            numbers.append(record)
        record += 1
    while record in skipped:
        record += 1
    return numbers, record


def _line_breaks(table: pa.Table, so_far: int) -> tuple[pa.Array, int]:
    """How many line breaks lie inside the values of all rows before each row, and after the last."""
    inside = pa.array([0] * table.num_rows, pa.int64())
    for column in table.columns:
        inside = pc.add(inside, pc.cast(pc.count_substring(column, "\n"), pa.int64())).combine_chunks()
    through = pc.add(pc.cumulative_sum(inside), so_far)
    return pc.subtract(through, inside), through[-1].as_py() if table.num_rows else so_far


def _at(values: pa.Array, index: int, otherwise: int) -> int:
    return int(values[index].as_py()) if index < len(values) else otherwise


def _not_blank(table: pa.Table) -> pa.Array:
    filled = None
    for column in table.columns:
        here = pc.not_equal(pc.binary_length(column), 0)
        filled = here if filled is None else pc.or_(filled, here)
    return filled


def _find(table: pa.Table, name: str, mapping: Mapping) -> pa.Array | None:
    """The column of a field: at the top level, inside a struct or map, or nowhere."""
    wanted = mapping.column(name)
    column = lookup(table, wanted) if wanted else None
    if name in ENGAGEMENT_FIELDS and mapping.nested:
        inner = lookup(table, f"{mapping.nested}.{wanted or name}")
        if column is not None and inner is not None:
            column, _ = as_text(column)
            inner, _ = as_text(inner)
            return pc.if_else(pc.equal(column, ""), inner, column)
        column = column if column is not None else inner
    return column


def lookup(table: pa.Table, path: str) -> pa.Array | None:
    """A column by its name, or by a dotted path into a struct, a map or JSON text; None where there is none."""
    if path in table.column_names:
        return table.column(path).combine_chunks()
    top, _, inner = path.partition(".")
    if not inner or top not in table.column_names:
        return None
    column = table.column(top).combine_chunks()
    if pa.types.is_struct(column.type) and column.type.get_field_index(inner) >= 0:
        return pc.struct_field(column, inner)
    if pa.types.is_map(column.type):
        return pc.map_lookup(column, pa.scalar(inner, column.type.key_type), "first")
    if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
        return _from_json(column, inner)
    return None


def _from_json(column: pa.Array, name: str) -> pa.Array | None:
    """One key of a column that holds JSON text."""
    values = []
    for text in column.to_pylist():
        try:
            found = json.loads(text) if text else None
        except ValueError:
            found = None
        value = found.get(name) if isinstance(found, dict) else None
        values.append(value if value is None or isinstance(value, str) else json.dumps(value))
    return pa.array(values, pa.string())


def is_time(kind: pa.DataType) -> bool:
    """Whether a column of this type holds times."""
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _milliseconds(column: pa.Array, mapping: Mapping) -> pa.Array:
    if pa.types.is_date(column.type):
        column = pc.cast(column, pa.timestamp("ms"))
    if column.type.tz is None:
        if not mapping.zone:
            raise InputError(
                f"mapping {mapping.name}: a time column of the file has no zone; state `zone` under [time]"
            )
        column = pc.assume_timezone(column, mapping.zone, ambiguous="earliest", nonexistent="earliest")
    return pc.cast(pc.cast(column, pa.timestamp("ms", column.type.tz), safe=False), pa.int64())


def as_text(column: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """A column as text, missing as "", and where it is bytes that are no text."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return as_text(pc.cast(column, kind.value_type))
    if isinstance(column, pa.ExtensionArray):
        return as_text(column.storage)
    if pa.types.is_fixed_size_binary(kind):
        return _hex(column), None
    if pa.types.is_nested(kind):
        written = [None if value is None else _json(value, kind) for value in column.to_pylist()]
        return pc.fill_null(pa.array(written, pa.string()), ""), None
    if pa.types.is_floating(kind):
        column = pc.if_else(pc.is_nan(column), None, column)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return _decoded(column)
    return pc.fill_null(pc.cast(column, pa.string()), ""), None


def _decoded(column: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    try:
        return pc.fill_null(pc.cast(column, pa.string()), ""), None
    except pa.ArrowInvalid:
        values = column.to_pylist()
    texts, invalid = [], []
    for value in values:
        try:
            texts.append((value or b"").decode("utf-8"))
            invalid.append(False)
        except UnicodeDecodeError:
            texts.append("")
            invalid.append(True)
    return pa.array(texts, pa.string()), pa.array(invalid)


def _hex(column: pa.Array) -> pa.Array:
    return pa.array([None if value is None else value.hex() for value in column.to_pylist()], pa.string()).fill_null("")


def _json(value: Any, kind: pa.DataType) -> str:
    if pa.types.is_map(kind):
        value = dict(value)
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
