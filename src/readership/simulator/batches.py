"""Days put together to a size."""

from collections.abc import Iterable, Iterator

import pyarrow as pa


def batches(days: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The same rows in the same order, whole days together until there are at least `rows`.

    A day is never cut, so neither is a session. Where the columns change, a new batch begins.

    >>> day = pa.table({"x": [1, 2]})
    >>> [batch["x"].to_pylist() for batch in batches([day, day, day], rows=3)]
    [[1, 2, 1, 2], [1, 2]]
    """
    waiting: list[pa.Table] = []
    for table in days:
        if waiting and table.schema != waiting[0].schema:
            yield pa.concat_tables(waiting)
            waiting = []
        waiting.append(table)
        if sum(map(len, waiting)) >= rows:
            yield pa.concat_tables(waiting)
            waiting = []
    if sum(map(len, waiting)):
        yield pa.concat_tables(waiting)
