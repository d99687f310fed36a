"""How each task is trained, under one signature: what `readership train` and `readership run` call."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import NamedTuple, Protocol

from readership.errors import InputError, NotEnoughData
from readership.evaluation.leakage import AuditReport
from readership.models import churn, click, conversion, engagement, segmentation, uplift
from readership.models.ads import question as ads
from readership.models.recommendation import question as recommendation
from readership.pipelines.ads import train_ads
from readership.pipelines.click import train_clicks
from readership.pipelines.engagement import train_engagement, train_score_baselines
from readership.pipelines.progress import Progress
from readership.pipelines.recommendation import train_recommendation
from readership.pipelines.segment import train_segments
from readership.pipelines.train import Prepared, Trained, prepare, train_baselines, train_task
from readership.pipelines.uplift import train_uplift
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql


class Order(NamedTuple):
    """What is asked of a training.

    population  whose question it is, where a task has several
    audit       the leakage audit of this log, where one was made already
    baselines   only the simple models (step 03)
    tune        how many settings of the candidates to try first
    """

    population: str = "registered"
    audit: AuditReport | None = None
    baselines: bool = False
    tune: int = 0


class Trainer(Protocol):
    """Trains one task; yields the baselines as judged on the same rows, then the model, unless they alone were asked.

    Raises NotEnoughData with the reason where the log does not support the task.
    """

    def __call__(
        self, warehouse: Warehouse, settings: Settings, now: datetime, order: Order, progress: Progress
    ) -> Iterator[Trained]: ...


def train(
    warehouse: Warehouse, settings: Settings, now: datetime, task: str, order: Order, progress: Progress
) -> Iterator[Trained]:
    """What the trainer of `task` yields, one after another, as it is made."""
    if order.population != "registered" and task != churn.TASK:
        raise InputError(f"{task} asks about one population only; --population {order.population} is for churn")
    return TRAINERS[task](warehouse, settings, now, order, progress)


def train_every(
    warehouse: Warehouse,
    settings: Settings,
    now: datetime,
    progress: Progress,
    *,
    baselines: bool = False,
    tune: int = 0,
) -> tuple[list[Trained], dict[str, str]]:
    """All `STEPS` in order, and the reason of each that the log does not support."""
    made: list[Trained] = []
    skipped: dict[str, str] = {}
    for title, task, population in STEPS:
        audit = next((one.audit for one in made if one.audit), None)
        order = Order(population, audit, baselines, tune)
        with progress.step(title):
            try:
                made.extend(train(warehouse, settings, now, task, order, progress))
            except NotEnoughData as reason:
                skipped[task if population == "registered" else f"{task}_{population}"] = str(reason)
                progress.say(f"left out: {reason}")
    return made, skipped


def _churn(
    warehouse: Warehouse, settings: Settings, now: datetime, order: Order, progress: Progress
) -> Iterator[Trained]:
    if order.population == "subscribers" and not _holds(warehouse, "paid_periods"):
        raise NotEnoughData(
            "the table `subscriptions` holds no paid periods; `readership ingest --table subscriptions FILE` loads them"
        )
    yield from _yes_or_no(warehouse, settings, now, churn.TASK, order, progress)


def _conversion(
    warehouse: Warehouse, settings: Settings, now: datetime, order: Order, progress: Progress
) -> Iterator[Trained]:
    if not _holds(warehouse, "subscription_starts"):
        raise NotEnoughData("the log holds no `subscription_start` events")
    yield from _yes_or_no(warehouse, settings, now, conversion.TASK, order, progress)


def _engagement(
    warehouse: Warehouse, settings: Settings, now: datetime, order: Order, progress: Progress
) -> Iterator[Trained]:
    prepared = prepare(warehouse, settings, now, task=engagement.TASK, audit=order.audit, progress=progress)
    yield train_score_baselines(prepared, settings, progress=progress)
    if not order.baselines:
        yield train_engagement(prepared, settings, tune=order.tune, progress=progress)


def _segmentation(
    warehouse: Warehouse, settings: Settings, now: datetime, order: Order, progress: Progress
) -> Iterator[Trained]:
    if order.baselines:
        raise NotEnoughData("segments have no label; what they must beat is judged beside them")
    yield train_segments(warehouse, settings, now, audit=order.audit, progress=progress)


def _recommendation(
    warehouse: Warehouse, settings: Settings, now: datetime, order: Order, progress: Progress
) -> Iterator[Trained]:
    if order.baselines:
        raise NotEnoughData("the orders that recommendations must beat are judged beside them")
    yield train_recommendation(warehouse, settings, now, progress)


def _ads(
    warehouse: Warehouse, settings: Settings, now: datetime, order: Order, progress: Progress
) -> Iterator[Trained]:
    if order.baselines:
        raise NotEnoughData("the policies that ads must beat are judged beside them")
    yield train_ads(warehouse, settings, now, progress)


def _yes_or_no(
    warehouse: Warehouse, settings: Settings, now: datetime, task: str, order: Order, progress: Progress
) -> Iterator[Trained]:
    """A question whose answer is a probability."""
    prepared: Prepared = prepare(
        warehouse, settings, now, task=task, population=order.population, audit=order.audit, progress=progress
    )
    yield train_baselines(prepared, settings, progress=progress)
    if not order.baselines:
        yield train_task(prepared, settings, tune=order.tune, progress=progress)


def _holds(warehouse: Warehouse, query: str) -> bool:
    return bool(warehouse.scalar(read_sql("readership.pipelines.sql", query)))


def _uplift(
    question: str, warehouse: Warehouse, settings: Settings, now: datetime, order: Order, progress: Progress
) -> Iterator[Trained]:
    """What an offer adds; there are no baselines of it."""
    if not order.baselines:
        yield train_uplift(warehouse, settings, now, question, order.audit, progress)


def _click(
    task: str, warehouse: Warehouse, settings: Settings, now: datetime, order: Order, progress: Progress
) -> Iterator[Trained]:
    """Clicks on articles, or on advertisements; what they must beat is judged beside them."""
    if order.baselines:
        raise NotEnoughData(f"{task} has no baselines of its own; its floors are judged beside it")
    yield train_clicks(warehouse, settings, now, task, order.audit, progress)


TRAINERS: dict[str, Trainer] = {
    ads.TASK: _ads,
    churn.TASK: _churn,
    click.TASK: partial(_click, click.TASK),
    click.TASK_OF_ADS: partial(_click, click.TASK_OF_ADS),
    conversion.TASK: _conversion,
    engagement.TASK: _engagement,
    segmentation.TASK: _segmentation,
    recommendation.TASK: _recommendation,
    **{f"{question}{uplift.SUFFIX}": partial(_uplift, question) for question in uplift.QUESTIONS},
}
"""By task."""

STEPS = (
    ("04 churn", "churn", "registered"),
    ("04 churn of subscribers", "churn", "subscribers"),
    ("05 segments", "segmentation", "registered"),
    ("06 recommendation", "recommendation", "registered"),
    ("07 conversion", "conversion", "registered"),
    ("07 whom an offer moves to subscribe", "conversion_uplift", "registered"),
    ("07 whom an offer moves to stay", "churn_subscribers_uplift", "registered"),
    ("08 clicks on articles", "click", "registered"),
    ("08 clicks on advertisements", "click_ads", "registered"),
    ("09 engagement", "engagement", "registered"),
    ("10 ads", "ads", "registered"),
)
"""Title, task and population of each model, in the order in which they are made; step 03 is part of each."""
