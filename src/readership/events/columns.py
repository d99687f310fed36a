"""CSV and Parquet: a file's columns as the fields of events, in chunks of rows."""

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from readership.errors import InputError
from readership.events.delimited import Rows, read_csv
from readership.events.fields import ENGAGEMENT_FIELDS
from readership.events.mapping import Mapping
from readership.events.source import Source, open_bytes
from readership.events.text_form import TextForm

CHUNK_ROWS = 500_000


def read_rows(source: Source, form: TextForm, rows: int = CHUNK_ROWS) -> Iterator[Rows]:
    """The rows of a file of delimited text or of a Parquet file, in chunks."""
    if source.kind == "csv":
        return read_csv(source, form)
    if form.stated:
        raise InputError(
            f"{source.path} is Parquet, and the mapping says under [file] how a text is written; "
            "nothing was loaded; choose another --mapping or write one"
        )
    return read_parquet(source, rows)


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
    wanted = [(repr(field), column) for field, column in mapping.columns.items()]
    if mapping.optional_columns:
        wanted = [(repr(name), mapping.column(name)) for name in mapping.row.required if name not in mapping.constants]
    wanted += [(what, column) for unfold in mapping.unfold for column, what in unfold.names().items()]
    wanted += [("what is not loaded", column) for column in mapping.not_loaded]
    missing = [(what, column) for what, column in wanted if column.split(".")[0] not in names and column not in names]
    if mapping.optional_columns and not {mapping.column("user_id"), mapping.column("device_id")} & set(names):
        missing.append(("'user_id'", mapping.column("user_id")))
    if missing:
        what, column = missing[0]
        raise InputError(
            f"{path}: mapping {mapping.name!r} reads {what} from column {column!r}, which the file does not have; "
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
        key, columns[key], invalid = as_field(name, column, mapping)
        if invalid is not None:
            told = pc.if_else(invalid, f"column {mapping.column(name)!r} is not UTF-8 text", "")
            problem = told if problem is None else pc.if_else(pc.equal(problem, ""), told, problem)
    if problem is not None:
        columns["line_problem"] = problem
    return pa.table(columns)


def filled(rows: Rows, names: Iterable[str]) -> dict[str, int]:
    """How many rows hold something in each of these columns."""
    texts = {name: lookup(rows.columns, name) for name in names}
    return {
        name: int(pc.sum(pc.not_equal(as_text(column)[0], "")).as_py() or 0)
        for name, column in texts.items()
        if column is not None
    }


def as_field(name: str, column: pa.Array, mapping: Mapping) -> tuple[str, pa.Array, pa.Array | None]:
    """A field's column of `records`: its name there, its values, and where these are bytes that are no text."""
    if name in mapping.row.times and is_time(column.type):
        return f"{name}_ms", _milliseconds(column, mapping), None
    return name, *as_text(column)


def raw_rows(rows: Rows, wanted: set[int]) -> list[tuple[int, str]]:
    """The rows with these numbers as JSON, for the quarantine."""
    mask = pc.is_in(rows.n, value_set=pa.array(sorted(wanted), pa.uint64()))
    numbers = rows.n.filter(mask).to_pylist()
    found = rows.columns.filter(mask).to_pylist()
    return [(n, json.dumps(row, default=_plain, ensure_ascii=False)) for n, row in zip(numbers, found, strict=True)]


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
