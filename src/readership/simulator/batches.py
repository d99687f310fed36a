"""Tables cut to a size, whatever sizes they come in."""

from collections.abc import Iterable, Iterator

import pyarrow as pa


def batches(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The same rows in the same order, `rows` at a time; the last batch may be smaller.

    >>> whole = pa.table({"x": [1, 2, 3, 4, 5]})
    >>> [batch["x"].to_pylist() for batch in batches([whole, whole], 4)]
    [[1, 2, 3, 4], [5, 1, 2, 3], [4, 5]]
    """
    if rows < 1:
        raise ValueError(f"a batch holds at least one row, not {rows}")
    waiting: list[pa.Table] = []
    held = 0
    for table in tables:
        waiting.append(table)
        held += len(table)
        while held >= rows:
            joined = pa.concat_tables(waiting)
            yield joined.slice(0, rows).combine_chunks()
            waiting, held = [joined.slice(rows)], held - rows
    if held:
        yield pa.concat_tables(waiting).combine_chunks()
