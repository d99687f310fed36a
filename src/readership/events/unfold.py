"""A row that holds several events as these events: one for each article shown, clicked, or read earlier."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from readership.errors import InputError
from readership.events.columns import CHUNK_ROWS, Rows, as_field, as_text, lookup, records
from readership.events.identity import half_md5
from readership.events.mapping import Mapping
from readership.events.unfolding import ListText, Unfold

Places = NDArray[np.int64]


class Events(NamedTuple):
    """Events of some rows.

    records  as `columns.records` gives them: one row an event, numbered `n` from 0
    lines    [events] the `n` of the row that each comes from
    """

    records: pa.Table
    lines: NDArray[np.uint64]


class _Kind(NamedTuple):
    """Events of one kind: `row` says where in the chunk the row of each stands, ascending; `wrong`: row -> why."""

    row: Places
    records: pa.Table
    wrong: dict[int, str]


class _Lists(NamedTuple):
    """The entries of one list: the row of each, its place in the list from 1, its value and label."""

    row: Places
    place: Places
    values: pa.Array
    labels: pa.Array | None
    wrong: dict[int, str]


def unfolded(rows: Rows, mapping: Mapping, most: int = CHUNK_ROWS) -> Iterator[Events]:
    """The events of rows whose mapping unfolds them, about `most` at a time; all events of a row come together.

    A row whose lists cannot be understood, or that holds no event, comes once, with its `line_problem`.
    """
    for begin, end in _portions(_sizes(rows.columns, mapping), most):
        yield _events(Rows(rows.n.slice(begin, end - begin), rows.columns.slice(begin, end - begin), []), mapping)


def _events(rows: Rows, mapping: Mapping) -> Events:
    kinds = [_kind(rows, mapping, unfold) for unfold in mapping.unfold]
    wrong: dict[int, str] = {}
    for kind in kinds:
        wrong = kind.wrong | wrong
    none = set(range(rows.columns.num_rows)) - set(np.concatenate([kind.row for kind in kinds]).tolist()) - set(wrong)
    wrong |= dict.fromkeys(none, "row holds no event: its lists are empty, or no condition under [[unfold]] holds")
    bad = np.array(sorted(wrong), dtype=np.int64)
    kinds = [_without(kind, bad) for kind in kinds]
    kinds.append(
        _Kind(bad, pa.table({"line_problem": pa.array([wrong[row] for row in bad.tolist()], pa.string())}), {})
    )
    row = np.concatenate([kind.row for kind in kinds])
    whole = _together([kind.records for kind in kinds])
    n = pa.array(np.arange(len(row), dtype=np.uint64))
    return Events(whole.append_column("n", n), rows.n.to_numpy(zero_copy_only=False)[row])


def _kind(rows: Rows, mapping: Mapping, unfold: Unfold) -> _Kind:
    """The events of one kind."""
    table = rows.columns
    shared = _fields_of_rows(rows, mapping, unfold)
    row, fields, wrong = _entries(table, mapping, unfold)
    meant = _meant(table, unfold)
    kept = np.flatnonzero(meant[row])
    row = row[kept]
    found = {name: shared[name].take(pa.array(row)) for name in shared.column_names}
    found |= {name: column.take(pa.array(kept)) for name, column in fields.items()}
    said = {**unfold.constants, "event_type": unfold.event_type}
    found |= {name: pa.repeat(pa.scalar(value, pa.string()), len(row)) for name, value in said.items()}
    return _Kind(row, pa.table(found), {n: why for n, why in wrong.items() if meant[n]})


def _fields_of_rows(rows: Rows, mapping: Mapping, unfold: Unfold) -> pa.Table:
    """What all events of a row share, row by row."""
    own = Mapping(
        mapping.name, {**mapping.columns, **unfold.columns}, nested=mapping.nested,
        time_format=mapping.time_format, zone=mapping.zone,
    )  # fmt: skip
    found = records(rows, own).drop_columns("n")
    if unfold.slate and "slate_id" not in found.column_names:
        found = found.append_column("slate_id", _slate_ids(found, rows.columns, unfold))
    return found


def _slate_ids(found: pa.Table, table: pa.Table, unfold: Unfold) -> pa.Array:
    """An id for each row's list where the source has none: of whose it is, when it was shown, and what it holds."""
    names = [name for name in ("user_id", "device_id", "timestamp", "timestamp_ms") if name in found.column_names]
    parts = [pc.cast(found[name], pa.string()).to_pylist() for name in names]
    parts.append(as_text(_column(table, unfold.lists["article_id"]))[0].to_pylist())
    return pa.array([f"{half_md5('|'.join(map(str, part))):016x}" for part in zip(*parts, strict=True)], pa.string())


def _entries(table: pa.Table, mapping: Mapping, unfold: Unfold) -> tuple[Places, dict[str, pa.Array], dict[int, str]]:
    """Entries of a kind's lists: the row of each, its fields, and the rows whose lists cannot be understood.

    Without lists, the rows themselves.
    """
    lists = {name: _list(table, column, mapping) for name, column in unfold.lists.items()}
    if not lists:
        return np.arange(table.num_rows), {}, {}
    wrong = _wrong(lists, unfold, table.num_rows)
    lists = {name: _out_of(found, wrong) for name, found in lists.items()}
    first = next(iter(lists.values()))
    kept = np.arange(len(first.row))
    if unfold.label and first.labels is not None:
        kept = np.flatnonzero(pc.equal(first.labels, unfold.label).to_numpy(zero_copy_only=False))
    fields = {}
    for name, found in lists.items():
        key, values, _ = as_field(name, found.values.take(pa.array(kept)), mapping)
        fields[key] = values
    if unfold.slate == "ordered":
        fields["position"] = pc.cast(pa.array(first.place[kept]), pa.string())
    return first.row[kept], fields, wrong


def _wrong(lists: dict[str, _Lists], unfold: Unfold, rows: int) -> dict[int, str]:
    """Rows whose lists cannot be understood, or do not belong to each other, with why."""
    first, *_ = lists
    wrong: dict[int, str] = {}
    size = np.bincount(lists[first].row, minlength=rows)
    for name, other in lists.items():
        wrong = other.wrong | wrong
        differs = np.flatnonzero(np.bincount(other.row, minlength=rows) != size)
        told = f"the lists {unfold.lists[first]!r} and {unfold.lists[name]!r} have different lengths"
        wrong |= {int(row): told for row in differs if int(row) not in wrong}
    return wrong


def _list(table: pa.Table, name: str, mapping: Mapping) -> _Lists:
    """The entries of a column that holds lists, or texts of them."""
    column = _column(table, name)
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type) or pa.types.is_fixed_size_list(column.type):
        sizes = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        row = np.repeat(np.arange(len(column)), sizes)
        return _Lists(row, _places(row), pc.list_flatten(column), None, {})
    if not mapping.list_text.separator:
        raise InputError(
            f"mapping {mapping.name}: column {name!r} of the file holds {column.type}, not lists; nothing was loaded; "
            "where it is text, say under [list] what stands between entries: separator = ' '"
        )
    return _split(column, name, mapping.list_text)


def _split(column: pa.Array, name: str, form: ListText) -> _Lists:
    text, invalid = as_text(column)
    wrong = {} if invalid is None else {int(n): f"column {name!r} is not UTF-8 text" for n in np.flatnonzero(invalid)}
    parts = pc.split_pattern(text, form.separator)
    row = np.repeat(np.arange(len(text)), pc.list_value_length(parts).to_numpy(zero_copy_only=False))
    values = pc.list_flatten(parts)
    filled = np.flatnonzero(pc.not_equal(values, "").to_numpy(zero_copy_only=False))
    row, values = row[filled], values.take(pa.array(filled))
    if not form.labels:
        return _Lists(row, _places(row), values, None, wrong)
    labels = "|".join(map(re.escape, form.labels))
    found = pc.extract_regex(values, f"(?s)^(?P<value>.*){re.escape(form.label_separator)}(?P<label>{labels})$")
    for entry in np.flatnonzero(pc.is_null(found).to_numpy(zero_copy_only=False)).tolist():
        told = f"{name}: {values[entry].as_py()[:60]!r} has no label; labels are {', '.join(form.labels)}"
        wrong.setdefault(int(row[entry]), told)
    return _Lists(row, _places(row), pc.struct_field(found, "value"), pc.struct_field(found, "label"), wrong)


def _out_of(lists: _Lists, wrong: dict[int, str]) -> _Lists:
    """Without the entries of rows that cannot be understood."""
    if not wrong:
        return lists
    kept = np.flatnonzero(~np.isin(lists.row, list(wrong)))
    at = pa.array(kept)
    labels = None if lists.labels is None else lists.labels.take(at)
    return _Lists(lists.row[kept], lists.place[kept], lists.values.take(at), labels, lists.wrong)


def _places(row: Places) -> Places:
    """Place of each entry in its list, from 1, where `row` says whose entry it is, ascending."""
    return np.arange(len(row)) - np.searchsorted(row, row) + 1


def _meant(table: pa.Table, unfold: Unfold) -> NDArray[np.bool_]:
    """The rows that a kind of events is about."""
    meant = np.ones(table.num_rows, dtype=bool)
    for conditions, holds in ((unfold.where, True), (unfold.unless, False)):
        for name, value in conditions.items():
            text, _ = as_text(_column(table, name))
            meant &= (pc.equal(text, value).to_numpy(zero_copy_only=False)) == holds
    return meant


def _column(table: pa.Table, name: str) -> pa.Array:
    column = lookup(table, name)
    return pa.nulls(table.num_rows, pa.string()) if column is None else column


def _without(kind: _Kind, rows: Places) -> _Kind:
    """The events of other rows."""
    if not len(rows):
        return kind
    kept = np.flatnonzero(~np.isin(kind.row, rows))
    return _Kind(kind.row[kept], kind.records.take(pa.array(kept)), {})


def _together(tables: list[pa.Table]) -> pa.Table:
    """All rows, with "" where a table lacks a text and nothing where it lacks a time."""
    kinds = {field.name: field.type for table in tables for field in table.schema}
    whole = []
    for table in tables:
        for name, kind in kinds.items():
            if name not in table.column_names:
                nothing = pa.scalar("") if pa.types.is_string(kind) else pa.scalar(None, kind)
                table = table.append_column(name, pa.repeat(nothing, table.num_rows))
        whole.append(table.select(list(kinds)))
    return pa.concat_tables(whole).combine_chunks()


def _sizes(table: pa.Table, mapping: Mapping) -> Places:
    """About how many events each row holds, and never fewer."""
    sizes = np.ones(table.num_rows, dtype=np.int64)
    for unfold in mapping.unfold:
        sizes += 1
        for name in list(unfold.lists.values())[:1]:
            column = _column(table, name)
            if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
                length = pc.add(pc.count_substring(column, mapping.list_text.separator or " "), 1)
            else:
                length = pc.list_value_length(column)
            sizes += pc.fill_null(pc.cast(length, pa.int64()), 0).to_numpy(zero_copy_only=False)
    return sizes


def _portions(sizes: Places, most: int) -> Iterator[tuple[int, int]]:
    """Ranges of rows that hold about `most` events each, and at least one row."""
    through, begin = np.cumsum(sizes), 0
    while begin < len(sizes):
        before = through[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(through, before + most, side="right")))
        yield begin, end
        begin = end
