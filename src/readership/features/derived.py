"""Columns worked out from the catalogue's, for the table handed to other tools; models derive their own."""

from collections.abc import Mapping

import polars as pl

_VOLUMES = ("sessions", "article_views", "engaged_seconds", "events")
_WINDOWS = (7, 28, 90)


def derived() -> Mapping[str, tuple[str, pl.Expr]]:
    """Name of each derived column, its formula in words, and the expression over a frame of features."""
    columns = {
        f"{volume}_{days}d_log1p": (f"ln(1 + {volume}_{days}d)", pl.col(f"{volume}_{days}d").log1p())
        for volume in _VOLUMES
        for days in _WINDOWS
    }
    columns["active_day_share_28d"] = ("active_days_28d / 29", pl.col("active_days_28d") / 29)
    columns["engaged_minutes_per_active_day_28d"] = (
        "engaged_seconds_28d / 60 / active_days_28d; missing when no active day",
        pl.when(pl.col("active_days_28d") > 0).then(pl.col("engaged_seconds_28d") / 60 / pl.col("active_days_28d")),
    )
    return columns


def add_derived(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every derived column behind its own.

    >>> frame = add_derived(pl.DataFrame({name: [0.0, 3.0] for name in needed()}))
    >>> frame["sessions_7d_log1p"].round(3).to_list()
    [0.0, 1.386]
    """
    return frame.with_columns(expression.alias(name) for name, (_, expression) in derived().items())


def needed() -> tuple[str, ...]:
    """Names of the features that derived columns are worked out from."""
    names = {name for _, expression in derived().values() for name in expression.meta.root_names()}
    return tuple(sorted(names))
