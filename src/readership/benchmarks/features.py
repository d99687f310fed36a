"""How fast are point-in-time features? The product's own activity group over a large publisher's sessions.

Its time is compared with reading the same columns and doing nothing (the limit), with a tenth of the
data (growth) and with pandas over that tenth. Generating and measuring each have
their own process, so that peak memory is that of the features alone.
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
from statistics import median
from typing import Any, NamedTuple

from pyarrow.parquet import write_table

from readership.benchmarks.result import result
from readership.errors import InputError, MissingExtra
from readership.features.catalogue import catalogue, group_sql
from readership.settings import Settings
from readership.warehouse import Warehouse, migrate, read_sql

AS_OF = datetime(2026, 4, 1, tzinfo=UTC)
MONTHS = (1, 2, 3)
GROUP = "activity"
THREADS = 2
ROUNDS = 5
WARM_UP = 3
WHOLE, TENTH = "whole", "tenth"
NOWHERE = "\nFORMAT Null"
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
    f"features/groups/{GROUP}.sql as shipped, {THREADS} threads, result discarded in the engine; median of {ROUNDS} "
    "rounds, each the features of a tenth, the raw scan (the same columns read and ignored) and the features, after "
    f"{WARM_UP} of the tenth alone; growth and pandas on that tenth of the sessions and readers; engine and pandas "
    "start from their own file on disk and keep the same point-in-time rule; pandas "
    "gives the same columns by a group-by per window, and its time without reading the file is seconds_in_memory"
)


class PeerTiming(NamedTuple):
    """What the peer took, from its file on disk and from memory."""

    seconds: float
    computing_seconds: float


class Timing(NamedTuple):
    """What the engine took: features and raw scan of the whole world, features of a tenth of it."""

    features_seconds: float
    raw_seconds: float
    tenth_seconds: float
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
        store, file = Path(folder) / "store", Path(folder) / "sessions.parquet"
        _apart(generate, store, sessions, readers)
        _apart(export, store, file)
        peer: PeerTiming = _apart(measure_pandas, file)
        ours: Timing = _apart(measure, store)
    figures = {
        "ratio_to_raw_scan": round(ours.features_seconds / ours.raw_seconds, 2),
        "columns": sum(feature.group == GROUP for feature in catalogue()),
        "seconds": round(ours.features_seconds, 2),
        "seconds_delivered": round(ours.delivered_seconds, 2),
        "peak_rss_gib": round(ours.peak_rss_gib, 2),
        "growth_10x": round(ours.features_seconds / ours.tenth_seconds, 2),
        "times_faster_than_pandas": round(peer.seconds / ours.tenth_seconds, 1),
        "sessions": sessions,
        "readers": readers,
    }
    peers = {
        "raw_scan": {"seconds": round(ours.raw_seconds, 2), "sessions": sessions},
        "pandas": {
            "seconds": round(peer.seconds, 2),
            "seconds_in_memory": round(peer.computing_seconds, 2),
            "sessions": sessions // 10,
        },
        "readership": {"seconds": round(ours.tenth_seconds, 2), "sessions": sessions // 10},
    }
    protocol = PROTOCOL.format(sessions=sessions, readers=readers)
    return result("features", figures, peers, protocol, time.monotonic() - began)


def generate(store: Path, sessions: int, readers: int) -> None:
    """Fill two databases with generated sessions, one with all and one with a tenth, and merge their parts."""
    with _open(store) as warehouse:
        for database, share in ((WHOLE, 1), (TENTH, 10)):
            warehouse.command("CREATE DATABASE {db:Identifier}", db=database)
            with warehouse.using(database):
                _fill(warehouse, sessions // share, readers // share)


def measure(store: Path) -> Timing:
    """Time, in turn: features of the tenth, the raw scan of the whole, features of the whole."""
    raw_scan = read_sql("readership.benchmarks.sql", "feature_raw_scan") + NOWHERE
    features = group_sql(GROUP) + NOWHERE
    taken: dict[str, list[float]] = {"tenth": [], "raw": [], "whole": []}
    with _open(store) as warehouse:
        with warehouse.using(TENTH):
            for _ in range(WARM_UP):
                warehouse.command(features, as_of=AS_OF, snapshot_at=AS_OF)
        for _ in range(ROUNDS):
            for name, database, sql in (
                ("tenth", TENTH, features),
                ("raw", WHOLE, raw_scan),
                ("whole", WHOLE, features),
            ):
                with warehouse.using(database):
                    taken[name].append(_seconds(lambda: warehouse.command(sql, as_of=AS_OF, snapshot_at=AS_OF)))  # noqa: B023
        with warehouse.using(WHOLE):
            delivered = _seconds(lambda: warehouse.arrow(group_sql(GROUP), as_of=AS_OF, snapshot_at=AS_OF))
    middle = {name: median(seconds) for name, seconds in taken.items()}
    return Timing(middle["whole"], middle["raw"], middle["tenth"], delivered, _peak_rss_gib())


def export(store: Path, file: Path) -> None:
    """The tenth's sessions as a Parquet file for the peer."""
    with _open(store) as warehouse, warehouse.using(TENTH):
        write_table(warehouse.arrow(read_sql("readership.benchmarks.sql", "feature_peer_input")), file)


def measure_pandas(file: Path) -> PeerTiming:
    """Time the peer from its file to the features, and the part of it that comes after reading."""
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtra("the peer of this benchmark is pandas; `pip install pandas`") from error
    whole, computing = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        sessions = pd.read_parquet(file)
        computing.append(_seconds(lambda: pandas_features(sessions)))  # noqa: B023
        whole.append(time.perf_counter() - began)
    return PeerTiming(median(whole), median(computing))


def pandas_features(sessions: Any) -> Any:
    """The columns of the activity group, as they are usually written in pandas: a group-by per window."""
    import pandas as pd

    as_of = pd.Timestamp(AS_OF)
    known = sessions[(sessions["known_at"] <= as_of) & (sessions["loaded_at"] <= as_of)]
    counts = (known["session_end"] < as_of) & (known["tombstone"] == 0) & ~known["row_id"].isin(known["replaces"])
    sessions = known[counts & (known["session_end"] >= as_of - pd.Timedelta(days=90))]
    today = (as_of + pd.to_timedelta(sessions["utc_offset_minutes"], unit="min")).dt.tz_localize(None).dt.floor("D")
    age = as_of - sessions["session_end"]
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
    volumes = [name for name in frame.columns if not name.startswith("days_since")]
    frame[volumes] = frame[volumes].fillna(0)
    return frame


def _fill(warehouse: Warehouse, sessions: int, readers: int) -> None:
    migrate(warehouse)
    sql = read_sql("readership.benchmarks.sql", "feature_sessions")
    for month in MONTHS:
        warehouse.command(sql, month=month, sessions=sessions // len(MONTHS), readers=readers)
    warehouse.command("OPTIMIZE TABLE session_versions FINAL SETTINGS optimize_skip_merged_partitions = 1")


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
