"""What the warehouse knows of ads: what is booked, what was shown and clicked, and by which chances."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from readership.datasets.assemble import lot
from readership.errors import NotEnoughData
from readership.models.ads.nouns import Ad
from readership.models.ads.pacing import EVEN_HOURS
from readership.models.ads.question import WINDOW_MINUTES
from readership.models.bandits.evidence import Floats
from readership.pipelines.dataset import newest_load
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

SQL = "readership.pipelines.sql.ads"
MILLION = 1_000_000
MOST_DECISIONS = 100_000
"""Decisions that judge, at most; of more, those of some readers."""


class Booked(NamedTuple):
    """Ads as they were booked at a moment, and the reserve price of a thousand impressions by placement (EUR).

    A reserve without a placement is one of every placement, under "".
    """

    ads: tuple[Ad, ...]
    reserve_eur: Mapping[str, float]

    def reserve_of(self, placement: str) -> float:
        """The highest price that ads booked there state.

        >>> Booked((), {"top": 2.0, "": 0.5}).reserve_of("inline")
        0.5
        """
        return max(self.reserve_eur.get(placement, 0.0), self.reserve_eur.get("", 0.0))


@dataclass(frozen=True)
class AdLog:
    """Asks one warehouse, as it was loaded by now, about one brand or all."""

    warehouse: Warehouse
    brand: str
    snapshot_at: datetime

    @classmethod
    def of(cls, warehouse: Warehouse, settings: Settings) -> "AdLog":
        """As loaded now."""
        return cls(warehouse, settings.brand or "", newest_load(warehouse))

    def first(self, as_of: datetime) -> datetime:
        """When ads were first shown. NotEnoughData where none was, where no chance was logged, or none is booked."""
        span = self._ask("span", as_of=as_of).row(0, named=True)
        if not span["shown"]:
            raise NotEnoughData(
                "ads: the log holds no `ad_impression` events with an `ad_id`, so there is no ad to choose"
            )
        if not span["with_chance"]:
            raise NotEnoughData(
                f"ads: none of the {span['shown']:,} `ad_impression` events says by which chance its ad was drawn "
                "(`propensity`), so no other policy can be judged by them; let the ad server log it"
            )
        if not self.booked(as_of).ads:
            raise NotEnoughData(
                "ads: the table `ads` holds nothing that is booked, so prices are not known; "
                "`readership ingest --table ads FILE` loads it"
            )
        first: datetime = span["first"]
        return first

    def booked(self, as_of: datetime) -> Booked:
        """What was booked, as known at `as_of`: not yet over. A campaign's budget is the highest that its ads state."""
        rows = self._ask("booked", as_of=as_of).to_dicts()
        at_ms = int(as_of.timestamp() * 1000)
        live = [row for row in rows if row["ends_ms"] is None or row["ends_ms"] > at_ms]
        reserve: dict[str, float] = {}
        budget: dict[str, float] = {}
        for row in live:
            reserve[row["placement"]] = max(reserve.get(row["placement"], 0.0), row["reserve_eur"] or 0.0)
            if row["budget_eur"] is not None:
                budget[row["campaign_id"]] = max(budget.get(row["campaign_id"], 0.0), row["budget_eur"])
        return Booked(tuple(_ad(row, budget) for row in live), reserve)

    def shown(self, as_of: datetime) -> pl.DataFrame:
        """Impressions, clicks and earnings as known at `as_of`, one row a day, place, category beside and ad."""
        return self._ask("shown", as_of=as_of, window_minutes=WINDOW_MINUTES)

    def decisions(self, opens_at: datetime, closes_at: datetime) -> pl.DataFrame:
        """Decisions with a logged chance; of more than `MOST_DECISIONS`, those of readers that a fixed lot keeps."""
        found = self._ask("decisions", opens_at=opens_at, closes_at=closes_at, window_minutes=WINDOW_MINUTES)
        if len(found) <= MOST_DECISIONS:
            return found
        return found.filter(pl.Series(lot(found["unit"].to_numpy()) < MOST_DECISIONS / len(found)))

    def hours(self, as_of: datetime) -> Floats:
        """Share of the impressions in each hour of the day, UTC [24]; even where there were none."""
        rows = self._ask("hours", as_of=as_of)
        shares = np.zeros(24)
        shares[rows["hour"].to_numpy()] = rows["shown"].to_numpy()
        return shares / shares.sum() if shares.sum() else EVEN_HOURS

    def views(self, since: datetime, as_of: datetime) -> int:
        """How often articles were opened."""
        return int(self._ask("views", since=since, as_of=as_of).item())

    def _ask(self, name: str, **values: Any) -> pl.DataFrame:
        return self.warehouse.frame(read_sql(SQL, name), snapshot_at=self.snapshot_at, brand=self.brand, **values)


def _ad(row: Mapping[str, Any], budget: Mapping[str, float]) -> Ad:
    asked = {name: tuple(text.split(",")) for name, text in json.loads(row["targeting"]).items()}
    return Ad(
        ad_id=row["ad_id"],
        campaign_id=row["campaign_id"],
        per_click_eur=row["bid_eur"] or 0.0,
        per_thousand_eur=row["per_thousand_eur"] or 0.0,
        starts_ms=row["starts_ms"],
        ends_ms=row["ends_ms"],
        budget_eur=budget.get(row["campaign_id"]),
        category=row["category"],
        placements=(row["placement"],) if row["placement"] else (),
        targeting={name: tuple(value.strip() for value in values) for name, values in asked.items()},
        most_a_day=row["most_a_day"],
    )


WINDOW = timedelta(minutes=WINDOW_MINUTES)
"""Time in which a click belongs to its impression."""
