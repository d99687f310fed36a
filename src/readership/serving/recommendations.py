"""`GET /v1/readers/{reader_id}/recommendations`: what to read next, and why each article is there."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from math import isnan
from typing import Annotated

import msgspec
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from readership.errors import StoreError
from readership.events.identity import reader_key
from readership.features.state import PERSONALISATION
from readership.models.recommendation.composition import Item, Slate, compose
from readership.models.recommendation.eligible import Wish
from readership.models.recommendation.rules import Rules
from readership.serving.asking import Asking, asking
from readership.serving.desk import Desk
from readership.serving.live_models import LiveModels
from readership.serving.live_recommender import TASK, Answering
from readership.serving.predictions import Prediction
from readership.serving.problems import Problem
from readership.serving.readers import ReaderId
from readership.serving.scorer import TIER

MOST = 50
POPULARITY = "decayed popularity"
_encode = msgspec.json.Encoder().encode

N = Annotated[int, Query(description="articles wanted", ge=1, le=MOST)]
Brand = Annotated[str, Query(description="of this brand alone, and of those that belong to none")]
Exclude = Annotated[str, Query(description="article ids not to show, between commas; may be repeated")]
Session = Annotated[
    str,
    Query(
        description="article ids read in the visit that is going on, oldest first, between commas: for visitors whom "
        "nothing is kept of; used for this answer alone"
    ),
]
Tier = Annotated[str, Query(description="subscription tier, for the paywall; by default the stored one")]


class _Article(msgspec.Struct):
    """The fields of `answers.RecommendedArticle`."""

    slot: int
    article_id: str
    title: str
    category: str
    brand: str
    score: float | None
    source: str
    reason: str
    because: str | None
    propensity: float | None
    rule: str | None


class _Answer(msgspec.Struct):
    """The fields of `answers.RecommendationsAnswer`."""

    reader_id: str
    task: str
    decision_id: str
    personalised: bool
    personalised_note: str | None
    ranked_by: str
    model_version: str | None
    memory_as_of: datetime | None
    answered_at: datetime
    notes: tuple[str, ...]
    recommendations: list[_Article]


def recommendations(
    request: Request,
    reader_id: ReaderId,
    n: N = 10,
    brand: Brand = "",
    exclude: Exclude = "",
    session: Session = "",
    tier: Tier = "",
) -> Response:
    """Articles for this reader, best first. A reader unknown or not asked for consent gets what is read most, never an
    error; `personalised` says which, and `reader_id` may be `device:<device_id>` where nobody is logged in.

    Send `decision_id` (as `slate_id` too), `position` and `propensity` back with the impressions and clicks.
    """
    state = request.scope["app"].state
    excluded = [part for text in request.query_params.getlist("exclude") for part in _parts(text)]
    wanted = _wanted(n)
    try:
        wish = Wish(wanted, secrets.token_hex(16), excluded, tier or _tier(state.models, state.desk, reader_id))
        answer = answered(state.desk, reader_id, brand, _parts(session), wish)
    except StoreError as error:
        raise Problem(503, error.code, str(error), {"Retry-After": "5"}) from error
    return Response(answer, media_type="application/json")


def answered(desk: Desk, reader_id: str, brand: str, visit: Sequence[str], wish: Wish) -> bytes:
    """The answer as JSON; the draw of the slot by lot is kept. Raises StoreError where the state cannot be read."""
    answering = desk.recommender.now
    asked = asking(answering, desk.recording(), reader_id, brand, visit)
    slate = slate_for(answering, asked, wish, desk.rules.now)
    _record(desk, answering, asked, wish, slate)
    return _encode(_answer(reader_id, answering, asked, wish, slate))


def slate_for(answering: Answering, asked: Asking, wish: Wish, rules: Rules) -> Slate:
    """Rank and compose."""
    engine = answering.recommender
    ranked = engine.rank(asked.asker, exclude=wish.exclude, scorer=answering.ranker.scorer)
    return compose(ranked, engine.catalogue, asked.asker, wish, rules)


def _wanted(n: object) -> int:
    text = str(n)
    if not text.isdigit() or not 1 <= int(text) <= MOST:
        raise Problem(422, "request_invalid", f"query n is {text!r}; it must be a number from 1 to {MOST}")
    return int(text)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _tier(models: LiveModels, desk: Desk, reader_id: str) -> str | None:
    """The stored tier, unless the reader has said since that they do not agree to personalisation, or was erased."""
    try:
        stated = desk.consent(reader_key(reader_id))
    except StoreError:  # nobody can be asked who agreed
        return None
    return None if stated is not None and not stated & PERSONALISATION else stored_tier(models, reader_id)


def stored_tier(models: LiveModels, reader_id: str) -> str | None:
    """Subscription tier of a reader by the stored features; None where they do not tell."""
    store = models.now.store
    if store is None or TIER not in store.features.meta.words:
        return None
    try:
        row = store.features.get(reader_key(reader_id))
    except StoreError:
        return None
    return row.words[store.features.meta.words.index(TIER)] if row else None


def _answer(reader_id: str, answering: Answering, asked: Asking, wish: Wish, slate: Slate) -> _Answer:
    bundle = answering.ranker.bundle
    note = () if bundle else ("no model is live: ranked by decayed popularity; `readership train recommendation`",)
    return _Answer(
        reader_id=reader_id,
        task=TASK,
        decision_id=wish.decision_id,
        personalised=asked.personalised,
        personalised_note=asked.note,
        ranked_by=bundle.manifest.model.name if bundle else POPULARITY,
        model_version=bundle.manifest.version if bundle else None,
        memory_as_of=answering.as_of,
        answered_at=datetime.now(UTC),
        notes=(*note, *slate.notes),
        recommendations=[_article(item) for item in slate.items],
    )


def _article(item: Item) -> _Article:
    return _Article(
        slot=item.slot,
        article_id=item.article.article_id,
        title=item.article.title,
        category=item.article.category,
        brand=item.article.brand,
        score=None if isnan(item.score) else item.score,
        source=item.source,
        reason=item.reason,
        because=item.because,
        propensity=item.propensity,
        rule=item.rule,
    )


def _record(desk: Desk, answering: Answering, asked: Asking, wish: Wish, slate: Slate) -> None:
    """Log the slate: of a reader who may be known under their key, else under nobody's.

    Where a slot was drawn by lot, score and propensity are of what was drawn; else the score is the first article's.
    """
    drawn = next((item for item in slate.items if item.propensity is not None), None)
    told = drawn or next(iter(slate.items), None)
    if told is None:
        return
    bundle, at = answering.ranker.bundle, datetime.now(UTC)
    made = (
        (slate.drawn_from, slate.chance) if drawn else [(item.article.article_id, item.score) for item in slate.items]
    )
    prediction = Prediction(
        decision_id=wish.decision_id,
        user_id=asked.asker.reader or 0,
        task=TASK,
        model_version=bundle.manifest.version if bundle else POPULARITY,
        features_as_of=answering.as_of or at,
        inputs_hash=hashlib.sha256(_encode(made)).hexdigest()[:16],
        score=None if isnan(told.score) else told.score,
        propensity=told.propensity,
        at=at,
    )
    desk.predictions.decided(prediction)
