"""Small logs of ads, with what is booked."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from readership.pipelines.ads_log import AdLog
from readership.warehouse import Warehouse

T = datetime(2026, 5, 1, tzinfo=UTC)
DAY, HOUR, MINUTE, MS = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(milliseconds=1)
LOADED = T + 30 * DAY


@dataclass
class AdServer:
    """Writes what an ad server logs."""

    warehouse: Warehouse
    events: list[dict[str, Any]] = field(default_factory=list)

    def shows(self, ad: str, at: datetime, **fields: Any) -> str:
        """An impression to reader 1, drawn with chance ½, worth 2,000 millionths; returns its decision."""
        decision = f"d{len(self.events)}"
        row = {"propensity": 0.5, "ad_revenue_micros": 2_000, "decision_id": decision}
        self._event("ad_impression", ad, at, row | fields)
        return decision

    def clicks(self, ad: str, at: datetime, decision: str, **fields: Any) -> None:
        """A click worth half a euro."""
        self._event("ad_click", ad, at, {"ad_revenue_micros": 500_000, "decision_id": decision} | fields)

    def _event(self, kind: str, ad: str, at: datetime, fields: dict[str, Any]) -> None:
        row = {
            "event_id": str(UUID(int=len(self.events) + 1)), "event_type": kind, "timestamp": at, "received_at": at,
            "loaded_at": LOADED, "user_id": 1, "ad_id": ad, "campaign_id": f"c-{ad}", "placement": "top",
            "category": "sport", "brand": "B", "country": "DE", "device_type": "app", "session_id": "v",
        }  # fmt: skip
        self.events.append(row | fields)

    def books(self, *rows: dict[str, Any]) -> None:
        """Rows of the table `ads`, in the fields a publisher states, known since they hold."""
        for row in rows:
            since = row.get("valid_from", row["starts_at"])
            stored = {
                f"{name.removesuffix('_eur')}_micros" if name.endswith("_eur") else name: value
                if not name.endswith("_eur")
                else round(1e6 * value)
                for name, value in row.items()
            }
            whole = {"valid_from": since, "received_at": since, "loaded_at": LOADED} | stored
            line = json.dumps({name: _plain(value) for name, value in whole.items()})
            self.warehouse.raw_insert("ads", list(whole), line.encode(), "JSONEachRow")

    def write(self, brand: str = "") -> AdLog:
        """Put the events into the warehouse, and ask it as it was loaded then."""
        for names in {tuple(row) for row in self.events}:
            lines = [
                json.dumps({name: _plain(value) for name, value in row.items()})
                for row in self.events
                if tuple(row) == names
            ]
            self.warehouse.raw_insert("events", list(names), "\n".join(lines).encode(), "JSONEachRow")
        return AdLog(self.warehouse, brand, LOADED)


def _plain(value: Any) -> Any:
    return value.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] if isinstance(value, datetime) else value


def months(server: AdServer, days: int = 60, a_day: int = 100) -> None:
    """Ads a, b and c, drawn evenly; a is clicked far more often, and all pay €0.50 a click and €2 a thousand."""
    rng = np.random.default_rng(3)
    rate = {"a": 0.10, "b": 0.02, "c": 0.02}
    for number in range(days * a_day):
        at = T - days * DAY + number * DAY / a_day
        ad = "abc"[rng.integers(3)]
        fields = {"user_id": int(rng.integers(1, 400)), "placement": ("top", "inline")[number % 2]}
        fields["category"] = ("sport", "world")[int(rng.integers(2))]
        decision = server.shows(ad, at, propensity=1 / 3, **fields)
        if rng.random() < rate[ad]:
            server.clicks(ad, at + MINUTE, decision, **fields)
    prices = {"bid_eur": 0.5, "per_thousand_eur": 2.0, "starts_at": T - 90 * DAY, "ends_at": T + 90 * DAY}
    server.books(*({"ad_id": ad, "campaign_id": f"c-{ad}", "budget_eur": 1_000.0, **prices} for ad in "abc"))
