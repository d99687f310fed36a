"""The HTTP application: its routes, their documentation, and the task that follows what is live."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI

from readership import __version__
from readership.errors import ReadershipError
from readership.features.exposed import Exposed
from readership.serving import keys
from readership.serving.admission import Admission, Limits
from readership.serving.ads import add_ads
from readership.serving.answers import (
    ChurnAnswer,
    ConversionAnswer,
    EngagementAnswer,
    RecommendationsAnswer,
    SegmentAnswer,
)
from readership.serving.any_text import know_any_text
from readership.serving.articles import add_articles
from readership.serving.assignment import add_assignment
from readership.serving.batches import add_batches
from readership.serving.churn import churn
from readership.serving.clicks import add_clicks
from readership.serving.conversion import conversion
from readership.serving.desk import Desk
from readership.serving.direct import DirectRoute
from readership.serving.docs import add_docs, describe_keys
from readership.serving.draining import Draining
from readership.serving.edge import Edge
from readership.serving.engagement import engagement
from readership.serving.erasures import add_erasures
from readership.serving.events import add_events
from readership.serving.live_ads import LiveAds
from readership.serving.live_clicks import LiveClicks
from readership.serving.live_experiments import LiveExperiments
from readership.serving.live_models import LiveModels
from readership.serving.metrics import RequestMetrics
from readership.serving.open_inference import add_open_inference
from readership.serving.openapi import problems
from readership.serving.operations import add_operations, gauges
from readership.serving.problems import add_problem_handlers
from readership.serving.recommendations import recommendations
from readership.serving.segment import segment
from readership.settings import Settings, load_settings

log = logging.getLogger("readership.serving")
LOOK_EVERY_SECONDS = 1.0
READER_ROUTES: tuple[tuple[str, Callable[..., Any], type], ...] = (
    ("churn", churn, ChurnAnswer),
    ("conversion", conversion, ConversionAnswer),
    ("engagement", engagement, EngagementAnswer),
    ("segment", segment, SegmentAnswer),
    ("recommendations", recommendations, RecommendationsAnswer),
)
"""What can be asked about a reader: the last part of the path, what answers, and how the answer is documented."""
_DESCRIPTION = """Decisions about readers, from models whose numbers were measured on held-out time.

Reader ids are the publisher's own, as text. Errors are RFC 9457 `application/problem+json` with a stable `code`.
Where the API listens beyond its own machine, send a key as `Authorization: Bearer …` or `X-API-Key: …`.
"""


class Followed:
    """What one worker reads from disk and keeps up to date: models, features, keys."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.models = LiveModels(settings)
        self.desk = Desk(settings, self.models)
        self.clicks = LiveClicks(settings)
        self.experiments = LiveExperiments(settings)
        self.ads = LiveAds(settings, self.desk)
        self.key_digests: keys.Accepted | None = keys.accepted(settings)

    def look(self) -> None:
        """Take up what changed, here and now."""
        self.models.take_up(self.models.prepare())
        self.clicks.look()
        self.experiments.take_up(self.experiments.prepare(self.models.now))
        self.key_digests = keys.accepted(self._settings)
        self.desk.look()
        self.ads.look()

    async def follow(self) -> None:
        """Look every second, reading beside the event loop and changing on it."""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            try:
                self.models.take_up(await asyncio.to_thread(self.models.prepare))
                self.clicks.take_up(await asyncio.to_thread(self.clicks.prepare))
                self.experiments.take_up(await asyncio.to_thread(self.experiments.prepare, self.models.now))
                await asyncio.to_thread(self._tidy)
                self.key_digests = keys.accepted(self._settings)
            except ReadershipError as error:
                log.warning("%s: %s", error.code, error)
            except Exception:
                log.exception("looking for newer models failed; the last good ones answer")

    def _tidy(self) -> None:
        if self.desk.is_open:
            self.experiments.tidy(Exposed(self.desk.file()))


def create_app(settings: Settings) -> FastAPI:
    """The application, reading models and features from where `settings` say. Nothing is opened before it starts."""
    followed, draining = Followed(settings), Draining()
    know_any_text()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        followed.look()
        gc.collect()
        gc.freeze()
        ways = [followed.follow, followed.desk.follow, followed.ads.follow]
        if followed.desk.outbox:
            ways.append(followed.desk.outbox.follow)
        following = [asyncio.create_task(way()) for way in ways]
        with draining.on_sigterm(settings.api_drain_seconds):
            yield
        for task in following:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        followed.desk.close()

    app = FastAPI(
        title="Readership",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.followed, app.state.models = followed, followed.models
    app.state.desk, app.state.clicks, app.state.draining = followed.desk, followed.clicks, draining
    app.state.experiments, app.state.ads = followed.experiments, followed.ads
    metrics = RequestMetrics(
        lambda: (*gauges(followed.models), *followed.desk.gauges(), *followed.desk.predictions.gauges())
    )
    admission = Admission(Limits.of(settings))
    app.add_middleware(
        Edge, metrics=metrics, key_digests=lambda: followed.key_digests, admission=admission, draining=draining
    )
    add_problem_handlers(app)
    for path, route, answer in READER_ROUTES:
        app.router.add_api_route(
            f"/v1/readers/{{reader_id:any}}/{path}",
            route,
            methods=["GET"],
            route_class_override=DirectRoute,
            response_model=None,
            responses={200: {"model": answer}, **problems(401, 404, 422, 503)},
            tags=["readers"],
            summary=f"{path.capitalize()} of a reader",
        )
    add_erasures(app, followed.desk, settings)
    add_batches(app)
    add_open_inference(app)
    add_events(app, followed.desk)
    add_articles(app, followed.desk)
    add_clicks(app, followed.clicks, followed.desk)
    add_assignment(app)
    add_ads(app, followed.ads, followed.desk, followed.models)
    add_operations(app, metrics)
    add_docs(app)
    describe_keys(app)
    return app


def from_environment() -> FastAPI:
    """The application as each worker process makes it."""
    return create_app(load_settings())
