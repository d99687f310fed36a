"""The hidden state, written down: what no publisher sees, so that models can be judged by the best that is possible."""

from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from readership.simulator.habit import Chances, Inner
from readership.simulator.population import People
from readership.simulator.sessions import Sessions

Numbers = NDArray[np.float64]
MOMENT = pa.timestamp("ms", "UTC")

READERS = pa.schema(
    [
        ("user_id", pa.uint64()),
        ("kind", pa.uint8()),
        ("arrived", pa.int32()),
        ("rate", pa.float64()),
        ("drift", pa.float64()),
        ("fickleness", pa.float64()),
        ("weekday", pa.list_(pa.float64())),
        ("day_part", pa.uint8()),
        ("zone", pa.uint8()),
    ]
)
DAYS = pa.schema([("day", pa.date32()), ("news_level", pa.float64())])
READER_DAYS = pa.schema(
    [
        ("day", pa.date32()),
        ("user_id", pa.uint64()),
        ("phase", pa.uint8()),
        ("newsletter", pa.bool_()),
        ("habit", pa.float64()),
        ("satisfaction", pa.float64()),
        ("visit_rate", pa.float64()),
        ("leave_probability", pa.float64()),
    ]
)
VISITS = pa.schema(
    [
        ("user_id", pa.uint64()),
        ("session_start", MOMENT),
        ("session_end", MOMENT),
        ("felt", pa.float64()),
        ("newsletter", pa.bool_()),
    ]
)


def reader_table(people: People) -> pa.Table:
    """What does not change about each person."""
    weekday = pa.ListArray.from_arrays(
        np.arange(0, 7 * len(people) + 1, 7, dtype=np.int32), pa.array(people.weekday.ravel())
    )
    columns = [people.user_id, people.kind, people.arrived, people.rate, people.drift, people.fickleness]
    codes = [people.day_part, people.zone]
    arrays = [*map(pa.array, columns), weekday, *map(pa.array, codes)]
    return pa.Table.from_arrays(
        [array.cast(kind) for array, kind in zip(arrays, READERS.types, strict=True)], schema=READERS
    )


def reader_day_table(
    people: People,
    day: date,
    who: NDArray[np.integer],
    phase: NDArray[np.int8],
    inner: Inner,
    rate: Numbers,
    odds: Chances,
    newsletter: NDArray[np.bool_],
) -> pa.Table:
    """The state of these registered readers as a day begins, after midnight's step and before any visit."""
    columns = [
        pa.array(np.full(len(who), np.datetime64(day)), pa.date32()),
        pa.array(people.user_id[who]),
        pa.array(phase[who].astype(np.uint8)),
        pa.array(newsletter[who]),
        pa.array(inner.habit[who]),
        pa.array(inner.satisfaction[who]),
        pa.array(rate[who]),
        pa.array(odds.leave[who]),
    ]
    return pa.Table.from_arrays(columns, schema=READER_DAYS)


def visit_table(
    people: People,
    sessions: Sessions,
    ends: NDArray[np.int64],
    felt: Numbers,
    logged_in: NDArray[np.bool_],
    newsletter: NDArray[np.bool_],
) -> pa.Table:
    """Sessions of readers with an account: when, how they were felt, and whether the newsletter was taken after."""
    some = np.flatnonzero(logged_in)
    columns = [
        pa.array(people.user_id[sessions.person[some]]),
        pa.array(sessions.start[some], MOMENT),
        pa.array(ends[some], MOMENT),
        pa.array(felt[some]),
        pa.array(newsletter[some]),
    ]
    return pa.Table.from_arrays(columns, schema=VISITS)


def day_table(day: date, level: float) -> pa.Table:
    """How big a day's news was."""
    return pa.Table.from_pydict({"day": [day], "news_level": [level]}, schema=DAYS)
