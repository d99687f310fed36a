"""Worlds run to their end, as frames."""

from typing import NamedTuple

import polars as pl
import pyarrow as pa

from readership.simulator import Day, World, simulate


class Lived(NamedTuple):
    """A world with all that its days left, as frames."""

    world: World
    days: list[Day]
    events: pl.DataFrame
    articles: pl.DataFrame
    subscriptions: pl.DataFrame
    truth: dict[str, pl.DataFrame]


def frame(tables: list[pa.Table]) -> pl.DataFrame:
    """The tables as one frame, words as plain text."""
    whole = pl.from_arrow(pa.concat_tables(tables))
    assert isinstance(whole, pl.DataFrame)
    return whole.with_columns(pl.col(pl.Categorical).cast(pl.String))


def live(world: World) -> Lived:
    """Run a world to its end."""
    days = list(simulate(world))
    names = {name for day in days for name in day.truth}
    return Lived(
        world,
        days,
        frame([day.events for day in days]),
        frame([day.articles for day in days]),
        frame([day.subscriptions for day in days]),
        {name: frame([day.truth[name] for day in days if name in day.truth]) for name in names},
    )
