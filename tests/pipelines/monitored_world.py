"""Half a year of a publisher whose every fault is planted, and a model of churn that was right at first."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from readership.contracts import Manifest, ModelSpec
from readership.models._onnx import Graph
from readership.monitoring.estimate import learn_truth
from readership.monitoring.measure import Measure
from readership.pipelines.dataset import labels, newest_load
from readership.pipelines.features import feature_frame
from readership.pipelines.monitor import monitor
from readership.pipelines.monitor_store import read_measures
from readership.pipelines.progress import Progress
from readership.registry.bundles import write_bundle
from readership.registry.live import write_live
from readership.settings import Settings
from readership.warehouse import Warehouse

START = datetime(2026, 1, 5, tzinfo=UTC)
DAYS, READERS = 168, 400
HORIZON_DAYS, LOOKBACK_DAYS = 14, 28
WEEKDAYS = np.array([1.2, 1.2, 1.1, 1.1, 1.0, 0.7, 0.6])
NOW = START + timedelta(days=DAYS)
LEARNT = START + timedelta(days=63)
"""The model learnt from what was known here."""
VERSION = "v1"


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def log(seed: int = 0, days: int = DAYS, slower_from: int | None = None) -> pl.DataFrame:
    """Visits of readers, each with a rate of their own; from `slower_from` on they come a quarter as often."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(0.6, 0.5, READERS)
    frames = []
    for number in range(days):
        slow = 0.25 if slower_from is not None and number >= slower_from else 1.0
        visits = rng.poisson(rate * slow * WEEKDAYS[number % 7])
        begun = np.repeat(rng.integers(0, 86_000_000, READERS), visits)
        who = np.repeat(np.arange(1, READERS + 1), visits)
        at = begun + np.concatenate([np.arange(n) * 1_000 for n in visits if n]) if len(who) else begun
        frames.append(pl.DataFrame({"user_id": who.astype(np.uint64), "number": number, "ms": at}))
    rows = pl.concat(frames).with_row_index("row")
    kind = pl.when(pl.col("row") % 5 == 0).then(pl.lit("scroll")).otherwise(pl.lit("article_view"))
    return rows.select(
        "user_id",
        session_id=pl.format("{}-{}", "user_id", "number"),
        event_type=kind,
        timestamp=pl.lit(START).dt.cast_time_unit("ms")
        + pl.duration(days=pl.col("number"))
        + pl.duration(milliseconds=pl.col("ms")),
        device_type=pl.when(pl.col("user_id") % 3 == 0).then(pl.lit("mobile")).otherwise(pl.lit("desktop")),
        country=pl.lit("AT"),
        subscription_tier=pl.lit("free"),
        article_id=pl.format("a{}", pl.col("row") % 50),
        consent=pl.lit(15, pl.UInt8),
    )


def fill(warehouse: Warehouse, events: pl.DataFrame) -> None:
    """Events into the warehouse as received at once, and the sessions that they make: one a reader and day."""
    if "received_at" not in events.columns:
        events = events.with_columns(received_at="timestamp")
    warehouse.insert("events", events.with_columns(loaded_at="received_at").to_arrow())
    at = [pl.col("timestamp").min().alias("session_start"), pl.col("timestamp").max().alias("session_end")]
    sessions = events.group_by("user_id", "session_id", maintain_order=True).agg(
        *at,
        total_events=pl.len(),
        article_views=(pl.col("event_type") == "article_view").sum(),
        device_type=pl.col("device_type").first(),
        country=pl.col("country").first(),
        subscription_tier=pl.col("subscription_tier").first(),
        consent=pl.col("consent").first(),
    )
    rows = sessions.with_row_index("row_id", offset=1).with_columns(
        pl.col("total_events", "article_views").cast(pl.UInt32),
        pl.col("row_id").cast(pl.UInt64),
        known_at=pl.col("session_end") + pl.duration(minutes=30),
        loaded_at=pl.col("session_end"),
        local_day=pl.col("session_start").dt.date(),
        registered=pl.lit(1, pl.UInt8),
        version=pl.lit(1, pl.UInt32),
    )
    warehouse.insert("session_versions", rows.to_arrow())


def settings_in(folder: Path) -> Settings:
    """Settings that keep everything in this folder."""
    return Settings(
        artifacts=folder / "artifacts",
        alerts=folder / "alerts.toml",
        churn_horizon_days=HORIZON_DAYS,
        churn_lookback_days=LOOKBACK_DAYS,
    )


def a_champion(warehouse: Warehouse, settings: Settings) -> Path:
    """A model of churn by one column, fitted on what was known at `LEARNT`, made champion."""
    cutoffs = [LEARNT - timedelta(days=HORIZON_DAYS + 7 * n) for n in range(3)]
    name, snapshot = "days_since_last_session", newest_load(warehouse)
    parts = []
    for cutoff in cutoffs:
        seen = labels(warehouse, "churn", cutoff, snapshot, settings).cast({"user_id": pl.UInt64})
        known = feature_frame(warehouse, cutoff, snapshot, settings=settings, groups=["tenure"])
        parts.append(seen.join(known.select("user_id", name), on="user_id").with_columns(at=pl.lit(cutoff)))
    rows = pl.concat(parts).drop_nulls()
    days = rows[name].to_numpy().astype(np.float64)
    stated = 1 / (1 + np.exp(-np.log1p(days)))
    learnt = learn_truth(
        rows["label"].to_numpy().astype(np.float64), stated, rows["user_id"].to_numpy(), rows["at"].to_numpy()
    )
    graph = Graph(2)
    both = graph.add("Max", graph.double("features"), graph.constant(np.zeros((1, 2))))
    logs = graph.add("Log", graph.add("Add", both, graph.constant(np.ones((1, 2)))))
    margin = graph.add("MatMul", logs, graph.constant(np.array([[1.0], [0.0]])))
    arrays = BytesIO()
    np.savez(arrays, slope=np.array([learnt.slope]), shift=np.array([learnt.shift]))
    files = {"model.onnx": graph.finish(margin), "calibrator.npz": arrays.getvalue()}
    folder = write_bundle(settings.artifacts_dir / "models", _manifest(name), files)
    write_live(settings.artifacts_dir / "models", "churn", champion=VERSION, challenger=None, by="test", why="")
    return folder


def _manifest(name: str) -> Manifest:
    return Manifest(
        task="churn",
        version=VERSION,
        model=ModelSpec("logistic_regression"),
        features=(name, "sessions_28d"),
        categories={},
        calibration="platt",
        horizon_days=HORIZON_DAYS,
        lookback_days=LOOKBACK_DAYS,
        population="registered",
        dataset_hash="0" * 64,
        sql_hashes={},
        data_from=START.isoformat(),
        data_to=LEARNT.isoformat(),
        trained_until=LEARNT.isoformat(),
        created_at=LEARNT.isoformat(),
        libraries={},
        metrics={
            "roc_auc": {"value": 0.73, "ci95": [0.66, 0.80]},
            "log_loss": {"value": 0.45, "ci95": [0.40, 0.52]},
            "ece": {"value": 0.04, "ci95": [0.0, 0.08]},
        },
        operating_points={"roadmap": 0.5},
        files={},
    )


def emptied(events: pl.DataFrame, since: datetime, column: str, share: int = 2) -> pl.DataFrame:
    """The same log with every `share`-th value of a column empty from `since` on."""
    hit = (pl.col("timestamp") >= since) & (pl.int_range(pl.len()) % share == 0)
    return events.with_columns(pl.when(hit).then(pl.lit("")).otherwise(pl.col(column)).alias(column))


def renamed(events: pl.DataFrame, since: datetime, before: str, after: str) -> pl.DataFrame:
    """The same log with another word for one device from `since` on."""
    hit = (pl.col("timestamp") >= since) & (pl.col("device_type") == before)
    return events.with_columns(pl.when(hit).then(pl.lit(after)).otherwise(pl.col("device_type")).alias("device_type"))


def silent(events: pl.DataFrame, since: datetime, until: datetime, kept: int = 10) -> pl.DataFrame:
    """The same log with but every tenth event of a span."""
    lost = pl.col("timestamp").is_between(since, until, closed="left") & (pl.int_range(pl.len()) % kept != 0)
    return events.filter(~lost)


class World(NamedTuple):
    """A warehouse that was watched, where it was watched from, and what came of it."""

    warehouse: Warehouse
    home: Settings
    outcome: dict[str, Any]

    @property
    def measures(self) -> list[Measure]:
        """Everything measured of it."""
        return read_measures(self.warehouse, self.home, day(0), NOW)

    def by_day(self, kind: str, measure: str) -> dict[int, Measure]:
        """The measures of one kind as a whole, by day."""
        wanted = (kind, measure, "")
        return {(m.as_of - day(0)).days: m for m in self.measures if (m.kind, m.measure, m.part) == wanted}


def run(warehouse: Warehouse, home: Settings, days: int, now: datetime = NOW) -> dict[str, Any]:
    with Progress() as progress:
        return monitor(warehouse, home, now, days, progress)


def watched(root: Warehouse, events: pl.DataFrame, folder: Path, days: int) -> Iterator[World]:
    with root.scratch() as scratch:
        fill(scratch, events)
        home = settings_in(folder)
        a_champion(scratch, home)
        yield World(scratch, home, run(scratch, home, days))
