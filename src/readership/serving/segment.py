"""`GET /v1/readers/{reader_id}/segment`: which kind of reader this is, by the segments that are live."""

import json
from datetime import UTC, datetime
from functools import lru_cache

import msgspec
import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from readership.features.online import Row
from readership.models import rfv
from readership.registry.bundles import Bundle
from readership.serving.readers import ReaderId, asked_about

SEGMENTS = "segments.json"


class _Told(msgspec.Struct):
    """What `segments.json` says of one segment."""

    id: int
    name: str
    profile: tuple[str, ...]
    advice: tuple[str, ...]


class _Answer(msgspec.Struct):
    """The fields of `answers.SegmentAnswer`, encoded without validating what we made ourselves."""

    reader_id: str
    task: str
    population: str
    in_population: bool | None
    segment_id: int
    segment: str
    profile: tuple[str, ...]
    advice: tuple[str, ...]
    rfv: float | None
    rfv_band: str | None
    model_version: str
    features_as_of: datetime
    answered_at: datetime


_encode = msgspec.json.Encoder().encode


def segment(request: Request, reader_id: ReaderId) -> Response:
    """The segment of this reader, its profile and its advice, and the reader's RFV score."""
    asked, store, _ = asked_about(request, "segmentation", reader_id)
    manifest = asked.scorer.bundle.manifest
    told = _told(asked.scorer.bundle)[int(asked.scorer.answer(asked.row))]
    score, band = _rfv(asked.row, store.features.meta.numbers)
    answer = _Answer(
        reader_id=asked.reader_id,
        task=manifest.task,
        population=manifest.population,
        in_population=asked.scorer.in_population(asked.row),
        segment_id=told.id,
        segment=told.name,
        profile=told.profile,
        advice=told.advice,
        rfv=score,
        rfv_band=band,
        model_version=manifest.version,
        features_as_of=asked.row.as_of,
        answered_at=datetime.now(UTC),
    )
    return Response(_encode(answer), media_type="application/json")


@lru_cache(maxsize=4)
def _told(bundle: Bundle) -> dict[int, _Told]:
    """The segments of a bundle by id, read once."""
    content = json.loads(bundle.read(SEGMENTS))
    return {one["id"]: msgspec.convert(one, _Told) for one in content["segments"]}


def _rfv(row: Row, numbers: tuple[str, ...]) -> tuple[float | None, str | None]:
    """Score and band; none where the stored features lack what they are made of, or it is not known."""
    places = _places(numbers)
    if places is None:
        return None, None
    since, days, views, seconds, tenure = (float(row.numbers[place]) for place in places)
    score = float(rfv.rfv(since, days, views, seconds))
    return (None, None) if np.isnan(score) else (round(score, 1), rfv.band(score, tenure))


@lru_cache(maxsize=4)
def _places(numbers: tuple[str, ...]) -> tuple[int, ...] | None:
    if set(rfv.INPUTS) - set(numbers):
        return None
    return tuple(numbers.index(name) for name in rfv.INPUTS)
