"""The true effect of a contact on each reader, where the warehouse holds a simulated world and its truth."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.contracts import Trial
from readership.datasets.rules import LabelRule
from readership.pipelines.oracle import MOST_READERS, conversion_oracle
from readership.warehouse import Warehouse

Floats = NDArray[np.float64]


def true_effects(warehouse: Warehouse, rule: LabelRule, trial: Trial) -> Floats | None:
    """P(start | an offer at the next visit) - P(start | none), at each row's cut-off; nan where it is not known.

    Only of offers to subscribe; None for other questions and for a warehouse without truth.
    """
    if rule.name != "conversion":
        return None
    times = pl.Series("as_of", trial.rows.as_of.astype("datetime64[ms]")).dt.replace_time_zone("UTC")
    asked = pl.DataFrame({"user_id": trial.rows.reader}).with_columns(times)
    found = effects_of_offers(warehouse, asked.unique(maintain_order=True), rule.horizon_days)
    if found is None:
        return None
    joined = asked.join(found, on=["user_id", "as_of"], how="left", maintain_order="left")
    return joined["effect"].fill_null(float("nan")).to_numpy()


def effects_of_offers(
    warehouse: Warehouse, reader_as_of: pl.DataFrame, horizon_days: int, most: int = MOST_READERS
) -> pl.DataFrame | None:
    """user_id, as_of and effect of at most `most` of the rows asked, `MOST_READERS` at a time."""
    parts = []
    for some in reader_as_of.head(most).iter_slices(MOST_READERS):
        arms = [conversion_oracle(warehouse, some, horizon_days, offer=offer) for offer in (True, False)]
        if arms[0] is None or arms[1] is None:
            return None
        both = arms[0].join(arms[1], on=["user_id", "as_of"], how="inner", suffix="_alone", maintain_order="left")
        effect = pl.col("probability") - pl.col("probability_alone")
        parts.append(both.select("user_id", "as_of", effect.alias("effect")))
    return pl.concat(parts) if parts else None
