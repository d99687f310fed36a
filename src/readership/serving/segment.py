"""`GET /v1/readers/{reader_id}/segment`: which kind of reader this is, by the segments that are live."""

import json
from functools import lru_cache

import msgspec
import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from readership.features.online import Row
from readership.models import rfv
from readership.registry.bundles import Bundle
from readership.serving.explain import Explanation
from readership.serving.readers import Asked, ReaderId, Told, asked_about, encoded, told

SEGMENTS = "segments.json"


class _Segment(msgspec.Struct):
    """What `segments.json` says of one segment."""

    id: int
    name: str
    profile: tuple[str, ...]
    advice: tuple[str, ...]


class _SegmentAnswer(Told, kw_only=True):
    """The fields of `answers.SegmentAnswer`."""

    segment_id: int
    segment: str
    profile: tuple[str, ...]
    advice: tuple[str, ...]
    rfv: float | None
    rfv_band: str | None


def segment(request: Request, reader_id: ReaderId) -> Response:
    """The segment of this reader, its profile and its advice, and the reader's RFV score."""
    asked, _, _ = asked_about(request, "segmentation", reader_id)
    return encoded(segment_answer(asked))


def segment_answer(asked: Asked, _why: Explanation | None = None) -> Told:
    """From a reader; segments have no reasons of their own."""
    found = _segments(asked.scorer.bundle)[int(asked.score())]
    score, band = _rfv(asked.row, asked.scorer.stored.numbers)
    return _SegmentAnswer(
        **told(asked),
        segment_id=found.id,
        segment=found.name,
        profile=found.profile,
        advice=found.advice,
        rfv=score,
        rfv_band=band,
    )


@lru_cache(maxsize=4)
def _segments(bundle: Bundle) -> dict[int, _Segment]:
    """The segments of a bundle by id, read once."""
    content = json.loads(bundle.read(SEGMENTS))
    return {one["id"]: msgspec.convert(one, _Segment) for one in content["segments"]}


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
