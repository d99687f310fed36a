"""What a frame of features must look like, derived from the catalogue and checked with pandera."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from readership.errors import InputError, MissingExtra
from readership.features.catalogue import READER, Feature, by_name

if TYPE_CHECKING:
    from pandera.polars import DataFrameSchema

_BOUNDS = {"share": (0.0, 1.0), "change": (-1.0, 1.0), "percent": (0.0, 100.0), "0 or 1": (0.0, 1.0)}
_SIGNED = ("slope",)


def schema(features: Sequence[Feature]) -> "DataFrameSchema":
    """The pandera schema of a frame with these features: types, bounds by unit, and where nothing may be missing."""
    try:
        import pandera.polars as pa
    except ImportError as error:
        raise MissingExtra("checking features needs pandera; `pip install 'readership[train]'`") from error
    columns: dict[str, Any] = {READER: pa.Column(pl.UInt64, unique=True)}
    for feature in features:
        checks = [] if feature.kind == "category" else [pa.Check.in_range(*bounds(feature))]
        dtype = pl.String if feature.kind == "category" else pl.Float32
        columns[feature.name] = pa.Column(dtype, checks, nullable=may_be_missing(feature))
    return pa.DataFrameSchema(columns, strict=True, ordered=True)


def bounds(feature: Feature) -> tuple[float, float]:
    """Smallest and largest value a number may take, by its unit; counts, seconds and days are never negative."""
    if any(word in feature.meaning for word in _SIGNED):
        return (float("-inf"), float("inf"))
    return _BOUNDS.get(feature.unit, (0.0, float("inf")))


def may_be_missing(feature: Feature) -> bool:
    """Whether the null rule lets a reader have no value."""
    return "missing when" in feature.null_rule


def validate(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame itself, when every column is as its catalogue entry says.

    Raises InputError naming the first column that is not, the rule, how many readers and one value.
    """
    features = [by_name()[name] for name in frame.columns if name != READER]
    checked = schema(features)
    import pandera.errors

    try:
        checked.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        raise InputError(_said(error.failure_cases)) from error
    return frame


def _said(failures: pl.DataFrame) -> str:
    column, rule = failures.select("column", "check").row(0)
    cases = failures.filter((pl.col("column") == column) & (pl.col("check") == rule))["failure_case"]
    return (
        f"feature {column!r} breaks its rule {rule} for {len(cases)} readers (first value: {cases[0]}); "
        "look at that column of session_versions with `readership explore`; nothing was written"
    )
