"""Delimited text: a file's columns as bytes, in chunks of rows that know their lines."""

import csv
import io
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from readership.errors import InputError
from readership.events.source import Source, open_bytes
from readership.events.text_form import PLAIN, TextForm

_CSV_BLOCK = 32 << 20
_SEEN_LINES = 20
_STANDS_FOR = "\x1f"
"""The unit separator: in place of a separator of several characters, which the reader does not know."""


class Rows(NamedTuple):
    """Rows of a file, column by column; `n` holds the number of the line (CSV) or row (Parquet), less one."""

    n: pa.Array
    columns: pa.Table
    refused: list[tuple[int, str, str]]
    """Rows that have no columns at all: n, reason, text."""


def read_csv(source: Source, form: TextForm = PLAIN) -> Iterator[Rows]:
    """The rows of a file of delimited text, every value as bytes."""
    names, delimiter = _columns(source, form)
    refused: list[tuple[int, str, str]] = []
    told = "the mapping names" if form.header else "the header has"

    def refuse(row: arrow_csv.InvalidRow) -> str:
        text = row.text.replace(delimiter, form.separator or delimiter)
        refused.append((row.number - 1, f"row has {row.actual_columns} values, {told} {row.expected_columns}", text))
        return "skip"

    record = 0 if form.header else 1
    breaks = 0
    with _opened(source, form) as file:
        try:
            reader = arrow_csv.open_csv(
                file,
                read_options=arrow_csv.ReadOptions(
                    block_size=_CSV_BLOCK, use_threads=False, column_names=form.header or None, encoding=form.encoding
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=delimiter,
                    quote_char='"' if form.quotes else False,
                    newlines_in_values=form.quotes,
                    ignore_empty_lines=False,
                    invalid_row_handler=refuse,
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


class _Replaced(io.RawIOBase):
    """A file in which one character stands for a separator of several."""

    def __init__(self, file: IO[bytes], separator: str) -> None:
        self._file = file
        self._separator = separator.encode()
        self._left = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes; what may be the beginning of a separator waits for the rest."""
        while True:
            block = self._file.read(size)
            found = (self._left + block).replace(self._separator, _STANDS_FOR.encode())
            begun = range(len(self._separator) - 1, 0, -1) if block else ()
            whole = len(found) - next((k for k in begun if found.endswith(self._separator[:k])), 0)
            self._left = found[whole:]
            if whole or not block:
                return found[:whole]


@contextmanager
def _opened(source: Source, form: TextForm) -> Iterator[IO[bytes]]:
    """The file as the reader is given it."""
    with open_bytes(source) as file:
        yield _Replaced(file, form.separator) if len(form.separator) > 1 else file  # type: ignore[misc]


def _columns(source: Source, form: TextForm) -> tuple[list[str], str]:
    """The columns' names, and what stands between values."""
    with _opened(source, form) as file:
        lines = file.read(_CSV_BLOCK).removeprefix(b"\xef\xbb\xbf").split(b"\n", _SEEN_LINES)[:_SEEN_LINES]
    try:
        first = lines[0].decode(form.encoding).strip("\r")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{source.path}: the header is not {form.encoding.upper()} text; "
            "convert the file with `iconv` and load the result"
        ) from error
    delimiter = _STANDS_FOR if len(form.separator) > 1 else form.separator or max(",;\t", key=first.count)
    if form.header:
        _check_width(source.path, lines, delimiter, form)
        return list(form.header), delimiter
    names = _values(first, delimiter, form)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError(
            f"{source.path}: the header names column {repeated[0]!r} twice; nothing was loaded; rename one"
        )
    return names, delimiter


def _check_width(path: Path, lines: list[bytes], delimiter: str, form: TextForm) -> None:
    """Raise InputError where none of the first lines has as many values as the mapping names columns."""
    texts = [line.decode(form.encoding, "replace").strip("\r") for line in lines if line.strip()]
    widths = [len(_values(text, delimiter, form)) for text in texts]
    if len(form.header) not in widths:
        raise InputError(
            f"{path}: its first line has {widths[0]} values between {form.separator!r}, and the mapping names "
            f"{len(form.header)} columns ({', '.join(form.header)}); nothing was loaded; choose another --mapping or "
            "write one"
        )


def _values(line: str, delimiter: str, form: TextForm) -> list[str]:
    if not form.quotes:
        return line.split(delimiter)
    return next(csv.reader(io.StringIO(line), delimiter=delimiter), [])


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
