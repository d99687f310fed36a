"""The publisher's past: a simulated log, the product's own training on it, and what is chosen on its last day."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from readership.errors import InputError, NotEnoughData
from readership.evaluation.leakage import AuditReport
from readership.events.consent import PURPOSES, bits
from readership.features.encoding import encode
from readership.features.memory import memory_version, read_memory
from readership.models import uplift
from readership.pipelines.dataset import labels, newest_load
from readership.pipelines.impact_lists import Candidates, Floats, Ids, lists_of
from readership.pipelines.making import Asked
from readership.pipelines.progress import Progress
from readership.pipelines.score import asked_about
from readership.pipelines.simulate import simulate
from readership.pipelines.tasks import Order, train
from readership.pipelines.train import Trained
from readership.pipelines.truth import TRUTH
from readership.registry.bundles import Bundle
from readership.registry.live import read_live
from readership.settings import Settings
from readership.simulator import World
from readership.warehouse import Warehouse, migrate, read_sql

LEARNT_DAYS = 280
"""Long enough for the label of subscribers (60 days) in every fold; a span in which an offer is made once begins."""
NOT_AUDITED = AuditReport((), 0, "nothing_compared")
"""The log is gone when this ends; `readership audit leakage` audits the features themselves."""
QUESTIONS = {
    "retention": ("churn_subscribers", "churn", "subscribers"),
    "offer": ("conversion", "conversion", "registered"),
}
"""By decision: the name of the model, its task and population."""
EFFECTS = {"retention": "kept_by_offer", "offer": "started_by_offer"}
"""By decision: the statement that asks the simulator."""


class Learnt(NamedTuple):
    """What is known on the day of decision.

    day         number of that day in the world
    lists       by decision and policy: readers to contact
    asked       by decision: readers whom the model may be asked about; "churn": registered readers seen of late
    held        paid periods that reach beyond that day
    memory      files of the recommender; `ranker` the folder of its bundle
    agreed      readers who agreed to personalisation
    ordered_by  by decision: "uplift" or "probability"
    models      what was trained, for the report
    """

    day: int
    lists: Mapping[str, Mapping[str, Ids]]
    asked: Mapping[str, Ids]
    held: pl.DataFrame
    memory: dict[str, bytes]
    ranker: Path
    agreed: frozenset[int]
    ordered_by: Mapping[str, str]
    models: Mapping[str, Any]


def learn(world: World, folder: Path, progress: Progress) -> Learnt:
    """Live the world's days into a warehouse of its own in `folder`, train, and choose as of its end."""
    settings = Settings(
        warehouse=f"chdb://{folder}/warehouse",
        artifacts=folder / "artifacts",
        online_store=f"lmdb://{folder}/online",
        registry=f"sqlite:///{folder}/mlflow.db",
    )
    with Warehouse.open(settings) as warehouse:
        migrate(warehouse)
        with progress.step(f"a publisher's past: {world.days} days, {world.readers:,} readers, seed {world.seed}"):
            simulate(warehouse, settings, Asked(world), progress=progress)
        with progress.step("models, by the product's own steps"):
            made, refused = _trained(warehouse, settings, world.end, progress)
        with progress.step("whom to contact"):
            return _chosen(warehouse, settings, world, made, refused)


def _trained(
    warehouse: Warehouse, settings: Settings, now: datetime, progress: Progress
) -> tuple[dict[str, Trained], dict[str, str]]:
    """What was made, and why the rest was not, by name."""
    asked = {name: (task, population) for name, task, population in QUESTIONS.values()}
    asked |= {f"{name}{uplift.SUFFIX}": (f"{name}{uplift.SUFFIX}", "registered") for name in list(asked)}
    made: dict[str, Trained] = {}
    refused: dict[str, str] = {}
    for name, (task, population) in (asked | {"recommendation": ("recommendation", "registered")}).items():
        try:
            *_, made[name] = train(warehouse, settings, now, task, Order(population, NOT_AUDITED), progress)
        except NotEnoughData as reason:
            refused[name] = str(reason)
    return made, refused


def _chosen(
    warehouse: Warehouse, settings: Settings, world: World, made: Mapping[str, Trained], refused: Mapping[str, str]
) -> Learnt:
    now, snapshot = world.end, newest_load(warehouse)
    consent = _consent(warehouse, settings, now, snapshot)
    held = warehouse.frame(read_sql("readership.pipelines.sql.impact", "paid_for"), as_of=now).cast(
        {"user_id": pl.UInt64}
    )
    found = {d: _candidates(warehouse, settings, now, d, made, consent) for d in QUESTIONS}
    version = memory_version(settings.online)
    if version is None or "recommendation" not in made:
        raise InputError(f"the recommender could not learn: {refused.get('recommendation', 'nothing was published')}")
    registered = labels(warehouse, "churn", now, snapshot, settings)["user_id"].to_numpy()
    return Learnt(
        day=world.days,
        lists={decision: lists_of(one) for decision, one in found.items()},
        asked={"churn": registered, **{decision: one.reader for decision, one in found.items()}},
        held=held,
        memory=read_memory(settings.online, version)[1],
        ranker=settings.artifacts_dir / "models" / "recommendation" / str(made["recommendation"].version),
        agreed=frozenset(reader for reader, given in consent.items() if given & PURPOSES["personalisation"]),
        ordered_by={d: "probability" if one.uplift is None else "uplift" for d, one in found.items()},
        models=_told(settings, made, refused),
    )


def _consent(warehouse: Warehouse, settings: Settings, now: datetime, snapshot: datetime) -> dict[int, int]:
    frame = warehouse.frame(
        read_sql("readership.features", "consent"),
        as_of=now,
        snapshot_at=snapshot,
        default_consent=bits(settings.default_consent),
    )
    return dict(zip(frame["user_id"].to_list(), frame["consent"].to_list(), strict=True))


def _candidates(
    warehouse: Warehouse,
    settings: Settings,
    now: datetime,
    decision: str,
    made: Mapping[str, Trained],
    consent: Mapping[int, int],
) -> Candidates:
    """Everybody the decision may be about, scored by what was trained; uplift only by a version that was promoted."""
    name = QUESTIONS[decision][0]
    if name not in made:
        raise InputError(f"{name} could not be trained on this world; give more readers")
    frame = asked_about(warehouse, settings, now, name)
    reader = frame["user_id"].to_numpy()
    moved = f"{name}{uplift.SUFFIX}"
    live = read_live(settings.artifacts_dir / "models", moved).champion
    return Candidates(
        reader=reader,
        agrees=np.array([bool(consent.get(r, 0) & PURPOSES["marketing"]) for r in reader.tolist()], dtype=bool),
        probability=_score(settings, name, str(made[name].version), frame),
        uplift=None if live is None else _score(settings, moved, live, frame),
        seen_days=frame["days_since_last_session"].to_numpy(),
        true_effect=_true_effect(warehouse, decision, now, frame),
    )


def _score(settings: Settings, name: str, version: str, frame: pl.DataFrame) -> Floats:
    bundle = Bundle.load(settings.artifacts_dir / "models" / name / version)
    return bundle.score(encode(frame, bundle.manifest.features, bundle.manifest.categories))


def _true_effect(warehouse: Warehouse, decision: str, now: datetime, frame: pl.DataFrame) -> Floats:
    """By the simulator, as the last day before `now` began: what a contact adds; 0 where it is not known."""
    sql = read_sql("readership.pipelines.sql.truth", EFFECTS[decision])
    found = warehouse.frame(sql, truth=TRUTH, as_of=now - timedelta(days=1)).cast({"user_id": pl.UInt64})
    asked = frame.select(pl.col("user_id").cast(pl.UInt64))
    return asked.join(found, on="user_id", how="left", maintain_order="left")["effect"].fill_null(0.0).to_numpy()


def _told(settings: Settings, made: Mapping[str, Trained], refused: Mapping[str, str]) -> dict[str, Any]:
    """Each model in the words of its training: which version, and whether it was promoted or why not."""
    models = settings.artifacts_dir / "models"
    told: dict[str, Any] = {name: {"trained": False, "promoted": False, "why": why} for name, why in refused.items()}
    for name, one in made.items():
        promoted = read_live(models, name).champion == one.version
        told[name] = {
            "trained": True,
            "promoted": promoted,
            "why": one.promotion,
            "learner": one.evaluation["champion"],
        }
    return told
