"""Who is in which campaign, in the table `exposures`: written once; later campaigns, measuring and training read it."""

from datetime import UTC, datetime

import polars as pl

from readership.pipelines.campaign_files import Campaign
from readership.warehouse import Warehouse, read_sql

SQL = "readership.pipelines.sql.campaign"
MOMENT = pl.Datetime("ms", "UTC")


def record(warehouse: Warehouse, campaign: Campaign, members: pl.DataFrame) -> None:
    """A row of `exposures` for each of these readers, unless there is one."""
    moment = pl.lit(campaign.at).cast(MOMENT)
    rows = members.select(
        unit=pl.col("user_id").cast(pl.String),
        experiment=pl.lit(campaign.experiment),
        variant="arm",
        treatment=pl.lit(campaign.task),
        propensity="propensity",
        decision_id=pl.format("{}/{}", pl.lit(campaign.experiment), pl.col("user_id")),
        at=moment,
        received_at=moment,
        loaded_at=pl.lit(datetime.now(UTC)).cast(MOMENT),
    )
    there = recorded(warehouse, campaign.experiment)
    new = rows.join(there, on="decision_id", how="anti")
    if not new.is_empty():
        warehouse.insert("exposures", new.to_arrow())


def recorded(warehouse: Warehouse, experiment: str) -> pl.DataFrame:
    """The decisions of this experiment that are there: decision_id."""
    return warehouse.frame(read_sql(SQL, "recorded"), experiment=experiment)


def rested(warehouse: Warehouse, now: datetime, rest_days: int) -> pl.DataFrame:
    """Readers in the list of any campaign, contacted or held out, in so many days before `now`: user_id."""
    return warehouse.frame(read_sql(SQL, "rested"), as_of=now, rest_days=rest_days).cast({"user_id": pl.UInt64})
