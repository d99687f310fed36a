"""How fast are point-in-time features? The product's own activity group over a large publisher's sessions.

Its time is compared with reading the same columns and doing nothing (the limit), with a tenth of the
data (growth) and with pandas over that tenth, already in memory. Each world and each measurement has
its own process, so that peak memory is that of the features alone.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from readership.benchmarks.result import result
from readership.errors import InputError, MissingExtra
from readership.features.catalogue import catalogue, group_sql
from readership.settings import Settings
from readership.warehouse import Warehouse, migrate, read_sql

AS_OF = datetime(2026, 4, 1, tzinfo=UTC)
MONTHS = (1, 2, 3)
GROUP = "activity"
THREADS = 2
ROUNDS = 3
WINDOWS = (1, 3, 7, 14, 28, 56, 90)
SUMS = {
    "total_events": "events",
    "article_views": "article_views",
    "article_clicks": "article_clicks",
    "article_completes": "articles_completed",
    "engaged_ms": "engaged_seconds",
}
PROTOCOL = (
    f"{{sessions:,}} generated sessions of {{readers:,}} readers in the 90 days before one cut-off, parts merged; "
    f"features/groups/{GROUP}.sql as shipped, {THREADS} threads, result discarded in the engine; fastest of {ROUNDS} "
    "rounds, each raw scan (the same columns read and ignored) followed by the features; growth and pandas on a tenth "
    "of the sessions and readers; pandas works from a frame already in memory, the engine from disk"
)


class Timing(NamedTuple):
    """What one world took."""

    features_seconds: float
    raw_seconds: float
    delivered_seconds: float
    peak_rss_gib: float


def run(*, sessions: int = 30_000_000, readers: int = 1_000_000) -> dict[str, Any]:
    """Figures: ratio_to_raw_scan, columns, seconds, peak_rss_gib, growth_10x, times_faster_than_pandas."""
    if min(sessions, readers) < 1000 or sessions < 3 * readers:
        raise InputError(
            f"{sessions} sessions of {readers} readers are too few to measure; "
            "give at least 1000 readers and three sessions for each"
        )
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="readership-bench-") as folder:
        tenth, whole = Path(folder) / "tenth", Path(folder) / "whole"
        _apart(generate, tenth, sessions // 10, readers // 10)
        small: Timing = _apart(measure, tenth)
        pandas_seconds: float = _apart(measure_pandas, tenth)
        _apart(generate, whole, sessions, readers)
        large: Timing = _apart(measure, whole)
    figures = {
        "ratio_to_raw_scan": round(large.features_seconds / large.raw_seconds, 2),
        "columns": sum(feature.group == GROUP for feature in catalogue()),
        "seconds": round(large.features_seconds, 2),
        "seconds_delivered": round(large.delivered_seconds, 2),
        "peak_rss_gib": round(large.peak_rss_gib, 2),
        "growth_10x": round(large.features_seconds / small.features_seconds, 2),
        "times_faster_than_pandas": round(pandas_seconds / small.features_seconds, 1),
        "sessions": sessions,
        "readers": readers,
    }
    peers = {
        "raw_scan": {"seconds": round(large.raw_seconds, 2), "sessions": sessions},
        "pandas": {"seconds": round(pandas_seconds, 2), "sessions": sessions // 10},
        "readership": {"seconds": round(small.features_seconds, 2), "sessions": sessions // 10},
    }
    protocol = PROTOCOL.format(sessions=sessions, readers=readers)
    return result("features", figures, peers, protocol, time.monotonic() - began)


def generate(store: Path, sessions: int, readers: int) -> None:
    """Fill a new store with merged parts of generated sessions."""
    with _open(store) as warehouse:
        migrate(warehouse)
        for month in MONTHS:
            warehouse.command(
                read_sql("readership.benchmarks.sql", "feature_sessions"),
                month=month,
                sessions=sessions // len(MONTHS),
                readers=readers,
            )
        warehouse.command("OPTIMIZE TABLE session_versions FINAL SETTINGS optimize_skip_merged_partitions = 1")


def measure(store: Path) -> Timing:
    """Time the raw scan and the features in turn; peak memory is that of this process."""
    raw_scan = read_sql("readership.benchmarks.sql", "feature_raw_scan")
    nowhere = "\nFORMAT Null"
    with _open(store) as warehouse:
        raw: list[float] = []
        features: list[float] = []
        for _ in range(ROUNDS):
            raw.append(_seconds(lambda: warehouse.command(raw_scan + nowhere)))
            features.append(
                _seconds(lambda: warehouse.command(group_sql(GROUP) + nowhere, as_of=AS_OF, snapshot_at=AS_OF))
            )
        delivered = _seconds(lambda: warehouse.arrow(group_sql(GROUP), as_of=AS_OF, snapshot_at=AS_OF))
    return Timing(min(features), min(raw), delivered, _peak_rss_gib())


def measure_pandas(store: Path) -> float:
    """Time the peer, its input already in memory."""
    with _open(store) as warehouse:
        sessions = warehouse.arrow(read_sql("readership.benchmarks.sql", "feature_peer_input")).to_pandas()
    return min(_seconds(lambda: pandas_features(sessions)) for _ in range(ROUNDS))


def pandas_features(sessions: Any) -> Any:
    """The same columns as the activity group, as they are usually written in pandas: a group-by per window."""
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtra("the peer of this benchmark is pandas; `pip install pandas`") from error
    as_of = pd.Timestamp(AS_OF)
    age = as_of - sessions["session_end"]
    clock = pd.to_timedelta(sessions["utc_offset_minutes"], unit="min")
    today = (as_of + clock).dt.tz_localize(None).dt.floor("D")
    days_ago = (today - pd.to_datetime(sessions["local_day"])).dt.days
    columns = {}
    for window in WINDOWS:
        inside = sessions[age <= pd.Timedelta(days=window)].groupby("user_id")
        columns[f"sessions_{window}d"] = inside.size()
        for column, total in inside[list(SUMS)].sum().items():
            columns[f"{SUMS[str(column)]}_{window}d"] = total / 1000 if column == "engaged_ms" else total
        active = sessions[days_ago <= window].drop_duplicates(["user_id", "local_day"])
        columns[f"active_days_{window}d"] = active.groupby("user_id").size()
    for column, name in (("article_views", "article_view"), ("article_completes", "completion")):
        last = sessions[sessions[column] > 0].groupby("user_id")["session_end"].max()
        columns[f"days_since_last_{name}"] = (as_of - last) / pd.Timedelta(days=1)
    frame = pd.DataFrame(columns)
    counts = [name for name in frame.columns if not name.startswith("days_since")]
    frame[counts] = frame[counts].fillna(0)
    return frame


def _apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """The result of `work`, done in a new process that ends with it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _open(store: Path) -> Warehouse:
    return Warehouse.open(Settings(warehouse=f"chdb://{store}", query_threads=THREADS))


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _peak_rss_gib() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
