"""Do readers click more when the recommender fills the front pages, rather than popularity?

A simulated publisher lives some weeks under its editors; the recommender learns from their log by the product's own
steps. Then the same further days are lived three times with the same random numbers: front pages by the editors, by
decayed popularity, and by the recommender. All learn from the clicks of their own world as these come.
"""

import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from readership.benchmarks.result import result
from readership.errors import InputError
from readership.evaluation.bootstrap import Draws, metric
from readership.features.memory import memory_version, read_memory
from readership.models.recommendation.recommender import Recommender
from readership.pipelines.making import Asked
from readership.pipelines.progress import Progress
from readership.pipelines.recommendation_log import recommendation_log
from readership.pipelines.simulate import simulate
from readership.pipelines.slate_policy import FrontPages
from readership.pipelines.tasks import Order, train
from readership.registry.bundles import Bundle
from readership.settings import Settings
from readership.simulator import DEFAULT_START, World
from readership.simulator import simulate as days_of
from readership.simulator.policies import Policies
from readership.warehouse import Warehouse, read_sql

SEED = 11
LEARNT_DAYS, LIVED_DAYS = 60, 14
PROTOCOL = (
    "a simulated publisher of {readers:,} readers, seed {seed}, without standing arms; recommendation trained by the "
    "product's own steps on {learnt} days under the editors (who know the appeal of each article); the next {lived} "
    "days lived with front pages by the editors, by decayed popularity and by the recommender, with the same random "
    "numbers; related articles are always the editors'. Clicks on front pages per session; intervals draw readers, "
    "each with both worlds. Simulated"
)


class Learnt(NamedTuple):
    """What the policies begin with.

    files     of the recommender as of the first day to be lived
    bundle    folder of the ranker
    articles  everything published by the last day, each known from its publication
    agreed    user ids of those who agreed to personalisation
    """

    files: dict[str, bytes]
    bundle: Path
    articles: tuple[Any, ...]
    agreed: frozenset[int]


def run(*, readers: int = 2_000) -> dict[str, Any]:
    """Figures: clicks_per_session by policy, lift of the recommender over popularity with its interval."""
    if readers < 500:
        raise InputError(f"{readers} readers are too few for a recommender to learn from; give at least 500")
    began = time.monotonic()
    with TemporaryDirectory(prefix="readership-bench-") as folder, Progress() as progress:
        settings = Settings(
            warehouse=f"chdb://{folder}/warehouse",
            artifacts=Path(folder) / "artifacts",
            online_store=f"lmdb://{folder}/online",
            registry=f"sqlite:///{folder}/mlflow.db",
        )
        with progress.step("a publisher, and what the recommender learns from it"):
            learnt, found = _learn(settings, readers, progress)
        with (
            progress.step("the same days under each policy"),
            ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool,
        ):
            waiting = {name: pool.submit(lived, readers, learnt, name) for name in ("editors", "popularity", "hybrid")}
            worlds = {name: future.result() for name, future in waiting.items()}
    figures = {**compared(worlds, "popularity"), **{f"log_{name}": value for name, value in found.items()}}
    peers = {name: {"clicks_per_session": _rate(world)} for name, world in worlds.items() if name != "hybrid"}
    protocol = PROTOCOL.format(readers=readers, seed=SEED, learnt=LEARNT_DAYS, lived=LIVED_DAYS)
    return result("recs-world", figures, peers, protocol, time.monotonic() - began)


def _learn(settings: Settings, readers: int, progress: Progress) -> tuple[Learnt, dict[str, float]]:
    now = DEFAULT_START + timedelta(days=LEARNT_DAYS)
    world = World(readers, LEARNT_DAYS + LIVED_DAYS, SEED, policies=Policies(arms=False))
    with Warehouse.open(settings) as warehouse:
        simulate(warehouse, settings, Asked(world), progress=progress)
        *_, made = train(warehouse, settings, now, "recommendation", Order(), progress)
        log = recommendation_log(warehouse, settings, world.end, datetime.now(UTC))
        agreed = warehouse.rows(read_sql("readership.benchmarks.sql", "agreed_readers"))
    version = memory_version(settings.online)
    if version is None or made.version is None:
        raise InputError("the recommender was not published; run the benchmark again")
    _, files = read_memory(settings.online, version)
    bundle = Bundle.load(settings.artifacts_dir / "models" / "recommendation" / made.version)
    metrics = {name: made.evaluation["metrics"][name]["value"] for name in ("hr_at_10", "ndcg_at_10")}
    return Learnt(files, bundle.folder, log.articles, frozenset(user for (user,) in agreed)), metrics


def lived(readers: int, learnt: Learnt, by: str) -> pl.DataFrame:
    """Reader, sessions and clicks on front pages of the days lived, with front pages by this policy."""
    world = World(readers, LEARNT_DAYS + LIVED_DAYS, SEED, policies=Policies(arms=False))
    if by != "editors":
        recommender = Recommender.read(learnt.files)
        for article in learnt.articles:
            recommender.put(article)
        names = {int(article.article_id.rpartition("-")[2]): article.article_id for article in learnt.articles}
        since_ms = int(world.start.timestamp() + LEARNT_DAYS * 86_400) * 1000
        scorer = Bundle.load(learnt.bundle).margin if by == "hybrid" else None
        pages = FrontPages(recommender, names, learnt.agreed, since_ms, scorer)
        world = World(readers, world.days, SEED, policies=Policies(slate=pages, arms=False))
    parts = [_visits(day.events) for number, day in enumerate(days_of(world)) if number >= LEARNT_DAYS]
    return pl.concat(parts).group_by("reader", maintain_order=True).sum()


def _visits(events: Any) -> pl.DataFrame:
    frame = pl.from_arrow(events.select(["user_id", "device_id", "session_id", "event_type", "placement"]))
    assert isinstance(frame, pl.DataFrame)
    clicked = (pl.col("event_type") == "article_click") & (pl.col("placement") == "front")
    reader = pl.coalesce(pl.col("user_id").cast(pl.String), pl.col("device_id").cast(pl.String)).alias("reader")
    return frame.group_by(reader, maintain_order=True).agg(
        pl.col("session_id").n_unique().alias("sessions").cast(pl.Int64), clicked.sum().alias("clicks").cast(pl.Int64)
    )


def compared(worlds: dict[str, pl.DataFrame], floor: str) -> dict[str, Any]:
    """Clicks per session under the recommender and under `floor`, their difference and relative lift with intervals."""
    both = worlds["hybrid"].join(worlds[floor], on="reader", how="full", coalesce=True, suffix="_floor").fill_null(0)
    draws = Draws.of(np.arange(len(both)))
    counts = both.select("clicks", "sessions", "clicks_floor", "sessions_floor").to_numpy().astype(np.float64)
    clicks, sessions, clicks_floor, sessions_floor = draws.sums(counts).T
    rates = _rate(worlds["hybrid"]), _rate(worlds[floor])
    with np.errstate(divide="ignore", invalid="ignore"):  # a draw may hold nobody of one world; `metric` leaves it out
        hybrid, plain = clicks / sessions, clicks_floor / sessions_floor
        gained = metric(rates[0] - rates[1], hybrid - plain)
        lifted = metric(rates[0] / rates[1] - 1, hybrid / plain - 1)
    return {
        "clicks_per_session": rates[0],
        "sessions": int(worlds["hybrid"]["sessions"].sum()),
        **{
            f"{name}{end}": value
            for name, found in (("clicks_per_session_gain", gained), ("clicks_per_session_lift", lifted))
            for end, value in (("", found["value"]), ("_low", found["ci95"][0]), ("_high", found["ci95"][1]))
        },
    }


def _rate(world: pl.DataFrame) -> float:
    return int(world["clicks"].sum()) / int(world["sessions"].sum())
