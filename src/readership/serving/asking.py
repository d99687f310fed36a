"""Who asks for a slate: what may be known of them, put together at the moment of the request."""

from collections.abc import Sequence
from typing import NamedTuple

from readership.errors import StoreError
from readership.events.identity import reader_key
from readership.features.state import PERSONALISATION
from readership.models.recommendation.nouns import Asker
from readership.serving.live_recommender import Answering
from readership.serving.recording import Recording

TICK_MS = 1000
"""All who ask within one second are answered as of its end: what does not depend on who asks is worked out once."""
VISIT_MS = 30 * 60 * 1000
"""Reads less than this apart belong to one visit."""
NOT_AGREED = "no agreement to personalisation is known of this reader"
UNKNOWN = "nothing is known that this reader read lately"
NOT_REACHED = "what is known of this reader cannot be read at the moment"
VISIT_ALONE = "by this visit alone"


class Asking(NamedTuple):
    """The asker as the recommender takes one, and why the slate is not personal, where it is not."""

    asker: Asker
    personalised: bool
    note: str | None


def asking(answering: Answering, recording: Recording, reader_id: str, brand: str, visit: Sequence[str] = ()) -> Asking:
    """What may be known of a reader (or `device:<id>`); `visit` are articles that the caller says were read in it.

    What is stated of the visit serves this one answer and is not kept. Of a reader who said here that they do not agree
    to personalisation, not even that is used; nor of anybody while the store does not say who agreed.
    """
    at_ms, reader = -(-answering.time.now_ms() // TICK_MS) * TICK_MS, reader_key(reader_id)
    try:
        kept = recording.reader(reader)
        agreed = recording.assumed(reader) if kept.consent is None else kept.consent
    except StoreError:
        return Asking(Asker(at_ms, brand=brand), False, NOT_REACHED)
    if not agreed & PERSONALISATION:
        used = tuple(visit) if kept.consent is None else ()
        note = VISIT_ALONE if used else NOT_AGREED
        return Asking(Asker(at_ms, session=used, brand=brand), bool(used), note)
    history = _history(answering, reader, kept.reads)
    session = tuple(dict.fromkeys([*_visit(history, at_ms), *visit]))
    asker = Asker(at_ms, reader, history, session, brand)
    if history:
        return Asking(asker, True, None)
    return Asking(asker, bool(session), VISIT_ALONE if session else UNKNOWN)


def _history(answering: Answering, reader: int, reads: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    """What the memory and the state hold of a reader's reads, oldest first, each article once."""
    engine = answering.recommender
    before = engine.memory.of(reader)
    newest = {
        engine.catalogue.article(place).article_id: at_ms
        for place, at_ms in zip(before.place.tolist(), before.at.tolist(), strict=True)
    }
    behind = answering.time.behind_ms
    newest |= {article: at_ms - behind for article, at_ms in reads}
    return tuple(sorted(newest.items(), key=lambda read: read[1]))


def _visit(history: tuple[tuple[str, int], ...], at_ms: int) -> list[str]:
    """The articles of the visit that is going on, oldest first."""
    found: list[str] = []
    after = at_ms
    for article, read_ms in reversed(history):
        if after - read_ms > VISIT_MS:
            break
        found.append(article)
        after = read_ms
    return found[::-1]
