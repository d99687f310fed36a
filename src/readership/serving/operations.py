"""Routes for those who run the API: what is live, whether it is well, and its figures."""

from collections.abc import Iterable

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

from readership.registry.bundles import Bundle
from readership.registry.live import Live
from readership.serving.answers import AliveAnswer, LiveModel, ModelsAnswer, ReadyAnswer, Trouble
from readership.serving.desk import Desk
from readership.serving.draining import Draining
from readership.serving.live_ads import TASK as ADS
from readership.serving.live_ads import LiveAds
from readership.serving.live_clicks import TASK as CLICKS
from readership.serving.live_clicks import LiveClicks
from readership.serving.live_experiments import LiveExperiments
from readership.serving.live_models import LiveModels
from readership.serving.live_recommender import TASK as RANKING
from readership.serving.metrics import Gauge, RequestMetrics


def add_operations(app: FastAPI, metrics: RequestMetrics) -> None:
    """Add `/v1/models`, `/healthz`, `/readyz` and `/metrics`."""
    models: LiveModels = app.state.models
    desk: Desk = app.state.desk
    clicks: LiveClicks = app.state.clicks
    experiments: LiveExperiments = app.state.experiments
    ads: LiveAds = app.state.ads
    draining: Draining = app.state.draining
    registry = metrics.registry()

    @app.get("/v1/models", tags=["models"], summary="Versions live")
    async def live_models() -> ModelsAnswer:
        """Which version answers for each task, and how it did on held-out time."""
        ranker, others = desk.recommender.now.ranker, ((CLICKS, clicks.now), (ADS, ads.now))
        found = [_live_model(task, now.live, now.bundle) for task, now in models.now.tasks.items()]
        found.append(_live_model(RANKING, ranker.live, ranker.bundle))
        return ModelsAnswer(models=[*found, *(_live_model(task, now.live, now.bundle) for task, now in others)])

    @app.get("/healthz", tags=["operations"], summary="Liveness")
    async def alive() -> AliveAnswer:
        """The process answers; restart it when this fails."""
        return AliveAnswer(status="alive")

    @app.get("/readyz", tags=["operations"], summary="Readiness", responses={503: {"model": ReadyAnswer}})
    async def ready() -> Response:
        """Whether every task can answer; send no traffic while this is 503. Troubles may remain while it is 200."""
        now = models.now
        own = [one.trouble for one in (clicks.now, ads.now) if one.live.champion and one.trouble]
        troubles = [
            Trouble(**trouble._asdict()) for trouble in (*now.troubles, *desk.troubles, *own, *experiments.now.troubles)
        ]
        if draining.begun:
            troubles.insert(0, Trouble(code="stopping", detail="this worker was told to stop; ask another one"))
        answer = ReadyAnswer(ready=now.ready and not draining.begun, troubles=troubles)
        return JSONResponse(answer.model_dump(), status_code=200 if answer.ready else 503)

    @app.get("/metrics", tags=["operations"], summary="Figures for Prometheus", response_class=Response)
    async def figures() -> Response:
        """Requests and durations by route, what is live, and the process's memory, in Prometheus text format."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def gauges(models: LiveModels) -> Iterable[Gauge]:
    """What is live, as figures."""
    now = models.now
    yield Gauge("readership_ready", "1 when every task can answer.", (), [((), float(now.ready))])
    yield Gauge(
        "readership_troubles",
        "Things that keep tasks from their best answer; /readyz names them.",
        (),
        [((), float(len(now.troubles)))],
    )
    live: list[tuple[tuple[str, ...], float]] = [
        ((task, answering.scorer.bundle.manifest.version), 1.0)
        for task, answering in now.tasks.items()
        if answering.scorer
    ]
    yield Gauge("readership_model_live", "The version that answers for a task.", ("task", "version"), live)
    if now.store is not None:
        as_of = now.store.features.meta.as_of.timestamp()
        yield Gauge(
            "readership_features_as_of_seconds", "As of when features are, in epoch seconds.", (), [((), as_of)]
        )


def _live_model(task: str, live: Live, bundle: Bundle | None) -> LiveModel:
    manifest = bundle.manifest if bundle else None
    return LiveModel(
        task=task,
        champion=manifest.version if manifest else None,
        challenger=live.challenger,
        promoted_at=live.at or None,
        promoted_by=live.by or None,
        why=live.why or None,
        model=manifest.model.name if manifest else None,
        population=manifest.population if manifest else None,
        horizon_days=manifest.horizon_days if manifest else None,
        trained_until=manifest.trained_until if manifest else None,
        metrics=dict(manifest.metrics) if manifest else {},
    )
