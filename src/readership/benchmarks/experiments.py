"""Can an experiment be watched and believed? Errors under peeking, broken splits, narrower intervals, and speed."""

import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from readership.benchmarks.experiment_peeking import OUTCOMES, Peeked, peek
from readership.benchmarks.result import result
from readership.errors import InputError
from readership.experiments import analysis, planning
from readership.experiments.aggregates import View, read_baseline, read_sums
from readership.experiments.definition import Experiment, Metric
from readership.experiments.sample_ratio import SUSPICIOUS, chances
from readership.settings import Settings
from readership.warehouse import Warehouse, migrate, read_sql

RUNS, UNITS, EFFECT_SD = 2_000, 2_500, 0.1
FAULT = (datetime(2013, 6, 25, tzinfo=UTC), datetime(2014, 1, 11, tzinfo=UTC))
"""When Upworthy's lots are documented to have been broken, the last day included."""
EXPOSURES, READERS, EVENTS = 10_000_000, 4_000_000, 5_000_000
SMALL_READERS, SMALL_EVENTS = 100_000, 3_000_000
START = datetime(2026, 3, 2, tzinfo=UTC)
THREADS = 2
PROTOCOL = (
    f"peeking: {RUNS:,} runs without an effect, {UNITS:,} units in each arm, looked at after every pair from 100 on, "
    f"of three outcomes ({', '.join(OUTCOMES)}); the false positive rates are of the outcome for which each is worst "
    f"for us (always-valid: the highest, fixed: the lowest). power_anytime: the treatment better by {EFFECT_SD} "
    "standard deviations, lowest of the three. Splits: chi-square of every Upworthy test against even arms, flagged "
    f"where p < {SUSPICIOUS}; inside and outside of the documented fault, by when a test was made. CUPED: cut of the "
    f"variance in an experiment on {SMALL_READERS:,} generated readers beside r² of two spans before it, as "
    f"`experiment plan` tells it. Speed: {EXPOSURES:,} generated exposures of {READERS:,} readers and {EVENTS:,} "
    f"events, parts merged, {THREADS} threads: two metrics (days active, and seconds per article) with CUPED, both "
    "intervals, day by day"
)


class Analysed(NamedTuple):
    """The analysis of the large experiment, in a process of its own."""

    seconds: float
    cpu_seconds: float
    peak_rss_gib: float
    units: int


class Cut(NamedTuple):
    """Share of the variance that was taken away, and that was told beforehand."""

    measured: float
    predicted: float


def run(*, data: Path, runs: int = RUNS, exposures: int = EXPOSURES) -> dict[str, Any]:
    """Figures: power_anytime, false_positive_rate_…, srm_flag_share_…, cuped_variance_cut, analysis_seconds_10m …"""
    began = time.monotonic()
    inside, outside = broken_splits(data)
    still = {name: peek(draw, runs, UNITS) for name, draw in OUTCOMES.items()}
    moved = {name: peek(draw, runs, UNITS, effect_sd=EFFECT_SD, seed=1) for name, draw in OUTCOMES.items()}
    with TemporaryDirectory(prefix="readership-bench-") as folder:
        cut: Cut = _apart(narrowed, Path(folder) / "small", SMALL_READERS, SMALL_EVENTS)
        analysed: Analysed = _apart(analyse, Path(folder) / "large", exposures)
    figures = {
        "power_anytime": min(found.always for found in moved.values()),
        "power_fixed_at_end": min(found.fixed_at_end for found in moved.values()),
        "effect_sd": EFFECT_SD,
        "false_positive_rate_anytime": max(found.always for found in still.values()),
        "false_positive_rate_fixed_peeking": min(found.fixed_peeking for found in still.values()),
        "false_positive_rate_fixed_at_end": max(found.fixed_at_end for found in still.values()),
        "srm_flag_share_fault_window": round(float(inside.mean()), 4),
        "srm_flag_share_outside": round(float(outside.mean()), 4),
        "srm_tests_fault_window": len(inside),
        "srm_tests_outside": len(outside),
        "cuped_variance_cut": round(cut.measured, 4),
        "cuped_variance_cut_predicted": round(cut.predicted, 4),
        "cuped_off_by": round(abs(cut.measured / cut.predicted - 1), 4),
        "analysis_seconds_10m": round(analysed.seconds, 2),
        "analysis_cpu_seconds": round(analysed.cpu_seconds, 2),
        "analysis_peak_rss_gib": round(analysed.peak_rss_gib, 2),
        "analysis_exposures": exposures,
        "analysis_units": analysed.units,
    }
    peers = {f"{name}, no effect": _shown(found) for name, found in still.items()}
    peers |= {f"{name}, {EFFECT_SD} sd": _shown(found) for name, found in moved.items()}
    return result("experiments", figures, peers, PROTOCOL, time.monotonic() - began)


def broken_splits(data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Which of Upworthy's tests are flagged, of those made during the fault and of the others."""
    path = data / "upworthy" / "upworthy_clean.parquet"
    if not path.is_file():
        raise InputError(f"{path} is not there; --data must name the folder that holds upworthy/upworthy_clean.parquet")
    rows = pl.read_parquet(path, columns=["clickability_test_id", "impressions"])
    names, tests = np.unique(rows["clickability_test_id"].to_numpy(), return_inverse=True)
    flagged = chances(rows["impressions"].to_numpy().astype(np.float64), tests) < SUSPICIOUS
    made = np.array([int(name[:8], 16) for name in names])
    during = (made >= FAULT[0].timestamp()) & (made < FAULT[1].timestamp())
    return flagged[during], flagged[~during]


def narrowed(store: Path, readers: int, events: int) -> Cut:
    """A small generated world: what the analysis took away, and what two spans before it had told."""
    with _open(store) as warehouse:
        _fill(warehouse, readers, events, before_days=35)
        warehouse.command(_sql("experiment_seen"), start=START, end=START + timedelta(days=14))
        trial, view = _trial(), _view()
        sums = read_sums(warehouse, trial, view)
        earlier = read_baseline(warehouse, trial, view, START - timedelta(days=21), START - timedelta(days=7))
    cut = analysis.effects(trial, sums)[0].variance_cut
    told = planning.baseline(trial.metrics[0], trial.unit, earlier.layout, earlier.moments(1))
    assert cut is not None
    assert told is not None
    return Cut(cut, told.explained)


def analyse(store: Path, exposures: int) -> Analysed:
    """The large generated world, and how long its analysis takes."""
    share = exposures / EXPOSURES
    with _open(store) as warehouse:
        _fill(warehouse, int(READERS * share), int(EVENTS * share), before_days=14)
        warehouse.command(_sql("experiment_exposures"), exposures=exposures, readers=int(READERS * share), start=START)
        for table in ("exposures", "events"):
            warehouse.command("OPTIMIZE TABLE {table:Identifier} FINAL", table=table)
        trial, view = _trial(), _view()
        began, cpu = time.perf_counter(), time.process_time()
        sums = read_sums(warehouse, trial, view)
        analysis.effects(trial, sums)
        list(analysis.over_time(trial, sums))
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
    return Analysed(seconds, cpu, peak, sums.exposed(1) + sums.exposed(2))


def _trial() -> Experiment:
    return Experiment(
        key="generated",
        hypothesis="nothing differs",
        unit="reader",
        variants=("control", "treatment"),
        weights=(0.5, 0.5),
        start=START,
        end=START + timedelta(days=14),
        metrics=(
            Metric("active_days", "mean", "active_days"),
            Metric("reading", "ratio", "engaged_seconds", per="article_views"),
        ),
        pre_days=14,
    )


def _view() -> View:
    return View(START + timedelta(days=21), datetime.now(UTC), 1)


def _fill(warehouse: Warehouse, readers: int, events: int, before_days: int) -> None:
    """Events of so many readers, who differ in how often they come, up to 21 days after the start."""
    migrate(warehouse)
    since = START - timedelta(days=before_days)
    warehouse.command(
        _sql("experiment_events"), readers=readers, events=events, since=since, seconds=(before_days + 21) * 86_400
    )


def _sql(name: str) -> str:
    return read_sql("readership.benchmarks.sql", name)


def _shown(found: Peeked) -> dict[str, float]:
    return {name: round(value, 4) for name, value in found._asdict().items()}


def _apart(work: Any, *arguments: Any) -> Any:
    """The result of `work`, done in a new process that ends with it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _open(store: Path) -> Warehouse:
    return Warehouse.open(Settings(warehouse=f"chdb://{store}", query_threads=THREADS))
