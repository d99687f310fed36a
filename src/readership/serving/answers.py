"""What each route answers, as documented in OpenAPI. The hot path writes the same fields without these classes."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class ProblemAnswer(BaseModel):
    """An error (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:readership:problem:reader_unknown",
                "title": "Not Found",
                "status": 404,
                "code": "reader_unknown",
                "detail": "reader '42' has no features as of 2026-10-01T00:00:00Z: …",
                "instance": "/v1/readers/42/churn",
            }
        }
    )
    type: str
    title: str
    status: int
    code: Annotated[str, Field(description="stable; branch on this, not on the text")]
    detail: Annotated[str, Field(description="what happened and what to do, for people")]
    instance: str


class ReaderAnswer(BaseModel):
    """What every answer about a reader holds."""

    reader_id: Annotated[str, Field(description="the publisher's own id, as asked")]
    task: str
    population: Annotated[str, Field(description="readers the model was trained on and measured on")]
    in_population: Annotated[
        bool | None,
        Field(description="false: this reader is none of them; the answer was never tested on such readers"),
    ]
    model_version: str
    features_as_of: datetime
    answered_at: datetime


class ReasonedAnswer(ReaderAnswer):
    """An answer about the coming days, with its reasons."""

    horizon_days: int
    reasons: Annotated[
        list[str] | None, Field(description="strongest first; null unless they are of this very model and data")
    ]
    reasons_note: Annotated[str | None, Field(description="why there are no reasons, when there are none")]


class ChurnAnswer(ReasonedAnswer):
    """How likely it is that a reader stops coming."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "reader_id": "42",
                "task": "churn",
                "population": "registered",
                "in_population": True,
                "model_version": "20261001T000000-xgboost",
                "features_as_of": "2026-10-01T00:00:00Z",
                "answered_at": "2026-10-01T09:30:00Z",
                "horizon_days": 28,
                "reasons": [
                    "no visit for 37 days (usually every 3 days) (raises the risk)",
                    "events in the last 14 days: 0 (raises the risk)",
                ],
                "reasons_note": None,
                "probability": 0.8131,
                "band": "high",
            }
        }
    )
    in_population: Annotated[
        bool | None,
        Field(description="false: this reader is none of them, and the probability was never tested on such readers"),
    ]
    horizon_days: Annotated[int, Field(description="no event in this many days counts as churn")]
    probability: float
    band: Annotated[Literal["high", "medium", "low"], Field(description="high above 0.7, medium from 0.3")]


class ConversionAnswer(ReasonedAnswer):
    """How likely it is that a free reader subscribes, and what to do about it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "reader_id": "42",
                "task": "conversion",
                "population": "registered",
                "in_population": True,
                "model_version": "20261001T000000-lightgbm",
                "features_as_of": "2026-10-01T00:00:00Z",
                "answered_at": "2026-10-01T09:30:00Z",
                "horizon_days": 14,
                "reasons": ["subscription prompts in the last 28 days: 6 (raises the chance)"],
                "reasons_note": None,
                "probability": 0.0731,
                "action": "prompt",
                "uplift": None,
            }
        }
    )
    in_population: Annotated[
        bool | None,
        Field(description="false: this reader is none of them (perhaps pays already); the answer was never tested"),
    ]
    horizon_days: Annotated[int, Field(description="a subscription started within this many days counts")]
    probability: float
    action: Annotated[
        Literal["none", "prompt", "offer"],
        Field(description="offer: among those a campaign reaches; prompt: a contact pays; by the report's thresholds"),
    ]
    uplift: Annotated[float | None, Field(description="what an offer would add to the probability; null: not known")]


class EngagementAnswer(ReasonedAnswer):
    """How deeply a reader will probably read on the next visit."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "reader_id": "42",
                "task": "engagement",
                "population": "known",
                "in_population": True,
                "model_version": "20261001T000000-xgboost",
                "features_as_of": "2026-10-01T00:00:00Z",
                "answered_at": "2026-10-01T09:30:00Z",
                "horizon_days": 14,
                "reasons": [
                    "mean engagement score of all sessions so far: 41 (raises the score)",
                    "device type of the last session: mobile (lowers the score)",
                ],
                "reasons_note": None,
                "score": 36.2,
                "band": "deep",
            }
        }
    )
    in_population: Annotated[
        bool | None,
        Field(description="false: this reader has no two sessions, or none lately; the answer was never tested"),
    ]
    horizon_days: Annotated[int, Field(description="the next visit is meant, should it come within this many days")]
    score: Annotated[
        float, Field(description="expected engagement score of the next visit, 0 to 100; a single visit varies widely")
    ]
    band: Annotated[Literal["deep", "usual", "brief"], Field(description="deep above 35, usual from 25, brief below")]


class SegmentAnswer(ReaderAnswer):
    """Which kind of reader this is."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "reader_id": "42",
                "task": "segmentation",
                "population": "returning",
                "in_population": True,
                "model_version": "20261001T000000-11e4e2",
                "features_as_of": "2026-10-01T00:00:00Z",
                "answered_at": "2026-10-01T09:30:00Z",
                "segment_id": 3,
                "segment": "frequent local readers, by newsletter, many topics",
                "profile": ["28 of 90 days with a visit; everyone: 5", "19% of visits from a newsletter; everyone: 6%"],
                "advice": [
                    "Invest in the newsletter they come by: one more edition, more links to read on "
                    "(19% of visits from a newsletter; everyone: 6%)."
                ],
                "rfv": 61.4,
                "rfv_band": "lover",
            }
        }
    )
    population: Annotated[str, Field(description="returning: at least 2 sessions in 56 days, registered or not")]
    in_population: Annotated[
        bool | None,
        Field(description="false: this reader came too seldom; the segment is the nearest, and says little"),
    ]
    segment_id: Annotated[int, Field(description="stays the same from one training to the next")]
    segment: Annotated[str, Field(description="its name, by what sets it apart; may change with a training")]
    profile: Annotated[list[str], Field(description="what is typical of the segment, and of everyone")]
    advice: Annotated[list[str], Field(description="what to do with readers of the segment")]
    rfv: Annotated[
        float | None, Field(description="recency, frequency, volume of this reader, 0 to 100; null: unknown")
    ]
    rfv_band: Annotated[Literal["new", "fly-by", "casual", "loyal", "lover"] | None, Field(description="of that score")]


class RecommendedArticle(BaseModel):
    """One article of a slate."""

    slot: Annotated[int, Field(description="its place, from 1")]
    article_id: str
    title: str
    category: str
    brand: str
    score: Annotated[
        float | None, Field(description="of the ranking, for comparison within one slate; null: not ranked")
    ]
    source: Annotated[str, Field(description="what speaks most for it; `editors` and `exploration` put it there")]
    reason: Annotated[str, Field(description="why it is there, in words a reader may see")]
    because: Annotated[str | None, Field(description="the article it is recommended because of")]
    propensity: Annotated[
        float | None, Field(description="probability with which it was drawn; null: not by lot. Send it back")
    ]
    rule: Annotated[str | None, Field(description="the editors' rule that put it there or lifted it")]


class RecommendationsAnswer(BaseModel):
    """What to read next."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "reader_id": "42",
                "task": "recommendation",
                "decision_id": "5f1d9c0e7a3b4c2d8e6f0a1b2c3d4e5f",
                "personalised": True,
                "personalised_note": None,
                "ranked_by": "lightgbm",
                "model_version": "20261001T000000-lightgbm",
                "memory_as_of": "2026-10-01T00:00:00Z",
                "answered_at": "2026-10-01T09:30:00Z",
                "notes": [],
                "recommendations": [
                    {
                        "slot": 1,
                        "article_id": "a7",
                        "title": "Rome by rail: what a sleeper costs",
                        "category": "travel",
                        "brand": "Kurier",
                        "score": 1.72,
                        "source": "together",
                        "reason": "because you read “Night trains to Rome are back”",
                        "because": "a1",
                        "propensity": None,
                        "rule": None,
                    }
                ],
            }
        }
    )
    reader_id: str
    task: str
    decision_id: Annotated[str, Field(description="send it back with the impressions and clicks of this slate")]
    personalised: Annotated[bool, Field(description="whether what this reader read had a say")]
    personalised_note: Annotated[str | None, Field(description="why not, or by what")]
    ranked_by: Annotated[str, Field(description="name of the model; `decayed popularity` where none is live")]
    model_version: str | None
    memory_as_of: Annotated[
        datetime | None, Field(description="when the last batch knew everything; newer reads came over HTTP")
    ]
    answered_at: datetime
    notes: Annotated[list[str], Field(description="what could not be kept of the wishes and rules, in words")]
    recommendations: list[RecommendedArticle]


class EventRefusal(BaseModel):
    """Why one event of a batch is none."""

    index: Annotated[int, Field(description="its place in the batch, from 0")]
    field: str
    reason: str


class EventsAnswer(BaseModel):
    """A batch that is on disk."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "accepted": 1,
                "refused": 1,
                "errors": [{"index": 1, "field": "timestamp", "reason": "'soon' is not a time"}],
            }
        }
    )
    accepted: int
    refused: Annotated[int, Field(description="kept as well, for the quarantine")]
    errors: list[EventRefusal]


class ArticleAnswer(BaseModel):
    """An article that is on disk."""

    article_id: str
    change: Annotated[int, Field(description="number of this change among those of all articles, growing")]
    published_at: datetime
    withdrawn_at: datetime | None


class ScoredArticle(BaseModel):
    """One article, and how likely it is to be clicked."""

    article_id: str
    probability: Annotated[float, Field(description="of a click, whatever position the article will have")]
    known: Annotated[bool, Field(description="false: no counts of this article; answered as for an average new one")]


class ClicksAnswer(BaseModel):
    """Probabilities of a click, in the order asked."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "reader_id": "42",
                "reader_known": True,
                "model_version": "20261001T000000-11e4e2",
                "counts_as_of": "2026-10-01T09:20:00Z",
                "articles": [{"article_id": "a1", "probability": 0.1642, "known": True}],
            }
        }
    )
    reader_id: str | None
    reader_known: Annotated[bool, Field(description="false: answered as for a reader of whom nothing is known")]
    model_version: str
    counts_as_of: Annotated[datetime, Field(description="when the counts behind the answer were true")]
    articles: list[ScoredArticle]


class ErasureAnswer(BaseModel):
    """An erasure, and how far it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "erasure_id": "5f1d9c0e7a3b4c2d8e6f0a1b2c3d4e5f",
                "state": "erased",
                "accepted_at": "2026-10-01T09:30:00.000+00:00",
                "online_erased_at": "2026-10-01T09:30:00.012+00:00",
                "warehouse_erased_at": "2026-10-01T10:00:03.500+00:00",
                "erased": {"events": 154, "session_versions": 12, "readers": 1, "datasets": 31},
            }
        }
    )
    erasure_id: str
    state: Literal["accepted", "online_erased", "erased"]
    accepted_at: datetime
    online_erased_at: Annotated[datetime | None, Field(description="since when nothing is answered of the reader")]
    warehouse_erased_at: Annotated[datetime | None, Field(description="when rows and files were gone; null: not yet")]
    erased: Annotated[dict[str, int], Field(description="rows that went in that round, by table and kind of file")]


class AssignmentAnswer(BaseModel):
    """A variant of an experiment."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "experiment": "home-hybrid",
                "unit": "42",
                "variant": "hybrid",
                "in_experiment": True,
                "propensity": 0.5,
                "decision_id": "home-hybrid/42/hybrid",
                "note": None,
            }
        }
    )
    experiment: str
    unit: Annotated[str, Field(description="the id that was asked about")]
    variant: Annotated[str, Field(description="what to show; the control where `in_experiment` is false")]
    in_experiment: Annotated[bool, Field(description="whether this counts: an exposure is logged, once")]
    propensity: Annotated[float | None, Field(description="chance of this variant for a unit of the experiment")]
    decision_id: Annotated[str | None, Field(description="of the exposure in the table `exposures`")]
    note: Annotated[str | None, Field(description="why it does not count")]


class AdAnswer(BaseModel):
    """The ad that fills a place."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "decision_id": "5f1d9c0e7a3b4c2d8e6f0a1b2c3d4e5f",
                "ad_id": "ad-17",
                "campaign_id": "spring",
                "propensity": 0.4123,
                "ecpm": 2.41,
                "model_version": "20261001T000000-thompson",
                "note": None,
            }
        }
    )
    decision_id: Annotated[str | None, Field(description="send it with the feedback; null: nothing may be shown")]
    ad_id: str | None
    campaign_id: str | None
    propensity: Annotated[float | None, Field(description="chance with which it was drawn among what may be shown")]
    ecpm: Annotated[float | None, Field(description="EUR a thousand such impressions are expected to bring")]
    model_version: str
    note: Annotated[str | None, Field(description="why nothing is shown")]


class FeedbackAnswer(BaseModel):
    """What was done with feedback."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"decision_id": "5f1d9c0e7a3b4c2d8e6f0a1b2c3d4e5f", "event": "click", "result": "counted"}
        }
    )
    decision_id: str
    event: Literal["impression", "click", "revenue"]
    result: Annotated[Literal["counted", "duplicate"], Field(description="duplicate: told before, nothing changed")]


class LiveModel(BaseModel):
    """What answers for one task."""

    task: str
    champion: Annotated[str | None, Field(description="version that answers; null: the task cannot answer")]
    challenger: str | None
    promoted_at: str | None
    promoted_by: str | None
    why: str | None
    model: str | None
    population: str | None
    horizon_days: int | None
    trained_until: str | None
    metrics: dict[str, Any]


class ModelsAnswer(BaseModel):
    """Versions live."""

    models: list[LiveModel]


class AliveAnswer(BaseModel):
    """The process answers."""

    status: Literal["alive"]


class Trouble(BaseModel):
    """One thing that keeps a task from its best answer."""

    code: str
    detail: str


class ReadyAnswer(BaseModel):
    """Whether every task can answer, and what is wrong where it cannot, or answers from older data."""

    ready: bool
    troubles: list[Trouble]
