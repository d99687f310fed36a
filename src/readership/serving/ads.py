"""`POST /v1/ads/select` and `/v1/ads/feedback`: which ad fills a place, and what became of it.

An ad is drawn from the very vector whose entry is logged as its propensity. The decision lies in the shared state
before it is answered; what became of it counts once, whichever worker hears of it.
"""

import asyncio
import hashlib
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from random import random
from secrets import token_hex
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import msgspec
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from readership.errors import InputError, StoreError
from readership.events.consent import PURPOSES
from readership.events.identity import reader_key
from readership.events.segments import Record
from readership.features.ad_ledger import AdLedger, Sale
from readership.features.state import ANALYTICS
from readership.models.ads.nouns import Request as Place
from readership.models.ads.nouns import Sold
from readership.serving.answers import AdAnswer, FeedbackAnswer
from readership.serving.assignment import agreed
from readership.serving.desk import Desk
from readership.serving.live_ads import TASK, AdsNow, LiveAds
from readership.serving.live_models import LiveModels
from readership.serving.openapi import problems
from readership.serving.problems import Problem
from readership.serving.recording import Recording
from readership.serving.scorer import TIER

ADVERTISING = PURPOSES["advertising"]
DEVICE = "device:"
OF_THE_READER = {
    "country": "country",
    "device_type": "device_type",
    "subscription_tier": TIER,
    "user_segment": "user_segment",
}
"""What targeting may ask of a reader who agreed to advertising, and how the stored features call it."""
SAID_OF_READERS = ("subscription_tier", "user_segment")
LOGGED = ("article_id", "category", "brand", "country", "device_type")
MOST_EUR = 1e6
NOTHING = "no ad that is booked for this place and time may be shown here, or none brings the reserve price"
_EVENT = {"impression": "ad_impression", "click": "ad_click"}
_encode = msgspec.json.Encoder().encode
_Done = TypeVar("_Done")


class AdContext(BaseModel):
    """Where the ad would stand; whatever is left out is not known. Further names are for targeting."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, str]
    category: Annotated[str, Field(description="of the article beside it", examples=["politics"])] = ""
    article_id: str = ""
    brand: str = ""
    country: Annotated[str, Field(examples=["AT"])] = ""
    device_type: Annotated[str, Field(examples=["mobile"])] = ""
    subscription_tier: Annotated[str, Field(description="used where the reader agreed to advertising")] = ""
    user_segment: Annotated[str, Field(description="used where the reader agreed to advertising")] = ""
    unsafe: Annotated[list[str], Field(description="categories of ads that may not stand beside this article")] = []


class AdAsked(BaseModel):
    """A place to be filled now."""

    model_config = ConfigDict(extra="forbid")
    reader_id: Annotated[str | None, Field(description="the publisher's own id, or `device:<id>`; null: nobody")] = None
    placement: Annotated[str, Field(examples=["article_top"])]
    context: AdContext = AdContext()


class AdFeedback(BaseModel):
    """What became of a decision. Each kind counts once: sending it again changes nothing."""

    model_config = ConfigDict(extra="forbid")
    decision_id: Annotated[str, Field(min_length=1, max_length=64)]
    event: Annotated[
        Literal["impression", "click", "revenue"], Field(description="revenue: what came in otherwise, `revenue_eur`")
    ]
    revenue_eur: Annotated[
        float | None,
        Field(ge=0, le=MOST_EUR, allow_inf_nan=False, description="by default what the ad is booked for"),
    ] = None


class _Reader(NamedTuple):
    """The id that may be logged, the key that caps count for, and whether what becomes of it may be learnt from."""

    logged_as: str
    capped: int | None
    learned: bool


class _Answer(msgspec.Struct):
    """The fields of `answers.AdAnswer`."""

    decision_id: str | None
    ad_id: str | None
    campaign_id: str | None
    propensity: float | None
    ecpm: float | None
    model_version: str
    note: str | None


def add_ads(app: FastAPI, ads: LiveAds, desk: Desk, models: LiveModels) -> None:
    """Add the routes."""

    @app.post(
        "/v1/ads/select",
        tags=["ads"],
        summary="An ad for a place",
        response_model=AdAnswer,
        responses=problems(401, 422, 503),
    )
    async def select(asked: AdAsked) -> Response:
        """The ad to show, with the chance it was drawn with; where none may be shown every field is null.


        Without agreement to advertising, nothing of the reader is used: no segment or tier, no cap.
        """
        now = ads.now
        if now.market is None or now.bundle is None:
            code, detail = now.trouble or ("not_ready", "the market is being opened; ask again in a second")
            raise Problem(503, code, detail, {"Retry-After": "5"})
        answer = await _beside(partial(decide, now, desk, models, asked))
        return Response(_encode(answer), media_type="application/json")

    @app.post(
        "/v1/ads/feedback",
        tags=["ads"],
        summary="What became of an ad",
        response_model=FeedbackAnswer,
        responses=problems(401, 404, 422, 503),
    )
    async def feedback(told: AdFeedback) -> Response:
        """`counted`, or `duplicate` where it was told before. In any order: a click brings its impression along.

        404 `decision_unknown`: never made, or more than seven days ago; nothing was counted.
        """
        if told.event == "revenue" and told.revenue_eur is None:
            raise Problem(422, "request_invalid", "body revenue_eur is missing; say how much came in")
        heard = await _beside(partial(hear, ads.now, desk, told))
        if heard == "unknown":
            why = "was never made, or more than 7 days ago; nothing was counted; send the decision_id that was answered"
            raise Problem(404, "decision_unknown", f"decision {told.decision_id!r} {why}")
        answer = {"decision_id": told.decision_id, "event": told.event, "result": heard}
        return Response(_encode(answer), media_type="application/json")


async def _beside(work: Callable[[], _Done]) -> _Done:
    """The result of what waits for the disk and for other workers, beside the event loop."""
    try:
        return await asyncio.to_thread(work)
    except StoreError as error:
        raise Problem(503, error.code, str(error), {"Retry-After": "5"}) from error


def decide(now: AdsNow, desk: Desk, models: LiveModels, asked: AdAsked) -> _Answer:
    """Draw an ad, keep the decision, log it. Raises Problem 422 on a placement nobody sells."""
    assert now.market is not None
    assert now.bundle is not None
    market, at_ms, lot = now.market, now.time.now_ms(), random()
    recording, version = desk.recording(), now.bundle.manifest.version
    reader = _reader(desk, asked.reader_id)
    place = _place(asked, at_ms, _says(models, asked, reader))
    sold: Sold | None = None

    def draw(seen: Mapping[str, int]) -> Sale | None:
        nonlocal sold
        sold = market.decide(place._replace(seen=seen), lot)
        return _sale(now, asked, reader, sold, at_ms) if sold else None

    try:
        sale = AdLedger(desk.file()).decide(reader.capped, at_ms, draw)
    except InputError as error:
        raise Problem(422, "placement_unknown", str(error)) from error
    if sale is None or sold is None:
        return _Answer(None, None, None, None, None, version, NOTHING)
    _log_decision(recording, now, sale, sold)
    return _Answer(
        sale.decision_id, sold.ad_id, sold.campaign_id, sold.propensity, round(sold.ecpm_eur, 6), version, None
    )


def hear(now: AdsNow, desk: Desk, told: AdFeedback) -> str:
    """Log what became of a decision, then count it; both know a repeat."""
    ledger, at_ms = AdLedger(desk.file()), now.time.now_ms()
    sale = ledger.find(told.decision_id)
    if sale is None:
        return "unknown"
    booked = {"impression": sale.show_micro, "click": sale.click_micro}.get(told.event, 0)
    micro = booked if told.revenue_eur is None else round(told.revenue_eur * 1e6)
    if told.event in _EVENT and sale.reader_id:
        event = _event(sale, told.event, micro, at_ms)
        desk.recording().log.append([Record("event", _encode(event))], durable=False)
    return ledger.hear(told.decision_id, told.event, micro, at_ms)


def _reader(desk: Desk, reader_id: str | None) -> _Reader:
    """What may be done with the reader. Nobody's impression is learnt from: it tells of no one."""
    if not reader_id:
        return _Reader("", None, True)
    key = reader_key(reader_id)
    bits = agreed(desk, key)
    known = reader_id if bits & ANALYTICS else ""
    return _Reader(known, key if bits & ADVERTISING else None, bool(bits & ANALYTICS))


def _says(models: LiveModels, asked: AdAsked, reader: _Reader) -> dict[str, str]:
    """What targeting may ask about: what the page says, and of a reader who agreed to advertising what is stored."""
    said = {**asked.context.model_dump(exclude={"unsafe"}), **(asked.context.__pydantic_extra__ or {})}
    found = {name: value for name, value in said.items() if value}
    store = models.now.store
    if reader.capped is None:
        return {name: value for name, value in found.items() if name not in SAID_OF_READERS}
    row = store.features.get(reader.capped) if store else None
    if store is None or row is None:
        return found
    words = dict(zip(store.features.meta.words, row.words, strict=True))
    stored = {name: words.get(called) for name, called in OF_THE_READER.items()}
    return {name: value for name, value in stored.items() if value} | found


def _place(asked: AdAsked, at_ms: int, says: Mapping[str, str]) -> Place:
    return Place(at_ms, asked.placement, asked.context.category, says, frozenset(asked.context.unsafe))


def _sale(now: AdsNow, asked: AdAsked, reader: _Reader, sold: Sold, at_ms: int) -> Sale:
    assert now.market is not None
    ad = now.market.book.ads[now.market.book.place[sold.ad_id]]
    said = asked.context.model_dump(include=set(LOGGED))
    return Sale(
        decision_id=token_hex(16),
        at_ms=at_ms,
        placement=asked.placement,
        cell=sold.cell,
        ad_id=sold.ad_id,
        campaign_id=sold.campaign_id,
        propensity=sold.propensity,
        click_micro=round(ad.per_click_eur * 1e6),
        show_micro=round(ad.per_thousand_eur * 1e3),
        capped=reader.capped,
        reader_id=reader.logged_as,
        learned=reader.learned,
        says={name: value for name, value in said.items() if value},
    )


def _log_decision(recording: Recording, now: AdsNow, sale: Sale, sold: Sold) -> None:
    """As a row of `predictions`: of a reader who may be known by their key, else nobody's."""
    assert now.bundle is not None
    version = now.bundle.manifest.version
    inputs = hashlib.sha256(f"{version}/{now.at_ms}/{now.number}/{sale.cell}".encode()).hexdigest()[:16]
    decision = {
        "decision_id": sale.decision_id,
        "user_id": reader_key(sale.reader_id) if sale.reader_id else 0,
        "task": TASK,
        "model_version": version,
        "features_as_of": datetime.fromtimestamp(now.at_ms / 1000, UTC),
        "inputs_hash": inputs,
        "score": sold.ecpm_eur,
        "propensity": sale.propensity,
        "at": datetime.fromtimestamp(sale.at_ms / 1000, UTC),
    }
    recording.log.append([Record("decision", _encode(decision))], durable=False)


def _event(sale: Sale, what: str, micro: int, at_ms: int) -> dict[str, Any]:
    """An event of docs/events.md, the same one for a repeat; an impression is as old as its decision."""
    told = hashlib.blake2b(f"{sale.decision_id}/{what}".encode(), digest_size=16).digest()
    device = sale.reader_id.startswith(DEVICE)
    who = {"device_id": sale.reader_id.removeprefix(DEVICE)} if device else {"user_id": sale.reader_id}
    return {
        "event_id": str(uuid.UUID(bytes=told)),
        **who,
        "event_type": _EVENT[what],
        "timestamp": sale.at_ms if what == "impression" else at_ms,
        "received_at": at_ms,
        **sale.says,
        "placement": sale.placement,
        "ad_id": sale.ad_id,
        "campaign_id": sale.campaign_id,
        "decision_id": sale.decision_id,
        "propensity": sale.propensity,
        "engagement_metrics": {"ad_revenue": micro / 1e6},
    }
