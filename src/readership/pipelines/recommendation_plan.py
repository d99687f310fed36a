"""Which reads teach, choose and judge, in time; and how fast popularity should fade, by the reads that teach."""

from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.errors import NotEnoughData
from readership.evaluation.ranking import METRICS, gains, rank_of
from readership.evaluation.readiness.rules import FEWEST_READING_DAYS
from readership.models.recommendation.embedding import Embedding
from readership.models.recommendation.parameters import DAY_MS, HOUR_MS
from readership.models.recommendation.text import TextModel
from readership.pipelines.recommendation_log import Log
from readership.pipelines.recommendation_replay import first_reads, sampled
from readership.settings import TextBy

MOST = {"train": 8000, "valid": 800, "test": 3000}
"""Reads that are asked about, at most; all of them are learnt."""
SHARES = {"train": 0.25, "valid": 0.05, "test": 0.1}
LONGEST_DAYS = {"train": 56, "valid": 14, "test": 28}
FEWEST_READS = 200
HALF_LIVES = (0.5, 1.0, 3.0, 6.0, 12.0, 24.0, 48.0)
HALF_LIFE_READS, LOOK_BACK_DAYS = 400, 7
TEXTS = 6000


class Span(NamedTuple):
    """Reads opened in [from_ms, to_ms), and those of them that are asked about."""

    from_ms: int
    to_ms: int
    reads: int
    rows: NDArray[np.intp]

    def told(self) -> dict[str, str]:
        """As a report says it."""
        return {"from": _iso(self.from_ms), "to": _iso(self.to_ms)}


class Plan(NamedTuple):
    """Consecutive spans, the last ones of the log; what lies before them is learnt, and never asked about."""

    train: Span
    valid: Span
    test: Span


def plan(log: Log, now: datetime) -> Plan:
    """Spans backwards from now: at most four weeks that judge, two that choose, eight that teach.

    Only the first time that a reader opens an article is asked about. Raises NotEnoughData where the log is shorter
    than a week or has fewer than `FEWEST_READS` such reads in a span that teaches or judges.
    """
    at_ms, end = log.at_ms, int(now.timestamp() * 1000)
    days = (end - int(at_ms.min())) / DAY_MS
    if days < FEWEST_READING_DAYS:
        raise NotEnoughData(f"the log holds {days:.1f} days of reads; recommendations need {FEWEST_READING_DAYS}")
    first = first_reads(log)
    spans = {}
    for name in ("test", "valid", "train"):
        begin = end - int(min(SHARES[name] * days, LONGEST_DAYS[name]) * DAY_MS)
        inside = first & (at_ms >= begin) & (at_ms < end)
        spans[name] = Span(begin, end, int(inside.sum()), sampled(log, inside, MOST[name]))
        if name != "valid" and len(spans[name].rows) < FEWEST_READS:
            raise NotEnoughData(
                f"only {len(spans[name].rows)} articles were opened from {_iso(begin)} to {_iso(end)}; recommendations "
                f"need {FEWEST_READS} to {'judge by' if name == 'test' else 'learn from'}"
            )
        end = begin
    return Plan(**spans)


def text_model(log: Log, before_ms: int, by: TextBy) -> TextModel | Embedding:
    """Fitted on the newest texts known before this time; words by chance where there are too few."""
    known = int(np.searchsorted(log.known_ms, before_ms))
    texts = [f"{article.title} {article.body}" for article in log.articles[max(0, known - TEXTS) : known]]
    return Embedding.fit(texts) if by == "embedding" else TextModel.fit(texts)


def half_life_hours(log: Log, span: Span) -> float:
    """Of `HALF_LIVES` the one by which what is read most at the brand ranks best: NDCG@10 on some reads of the span."""
    places = {name: place for place, name in enumerate(sorted({read.article_id for read in log.reads}))}
    place = np.array([places[read.article_id] for read in log.reads])
    brand = np.unique([read.brand for read in log.reads], return_inverse=True)[1]
    at_ms = log.at_ms
    rows = span.rows[np.linspace(0, len(span.rows) - 1, min(len(span.rows), HALF_LIFE_READS)).astype(np.intp)]
    found = np.zeros(len(HALF_LIVES))
    for row in rows.tolist():
        now = at_ms[row]
        low, high = np.searchsorted(log.received_ms, (now - LOOK_BACK_DAYS * DAY_MS, now))
        before = low + np.flatnonzero(brand[low:high] == brand[row])
        live, which = np.unique(place[before], return_inverse=True)
        where = int(np.searchsorted(live, place[row]))
        if where == len(live) or live[where] != place[row]:
            continue
        hours = (now - at_ms[before]) / HOUR_MS
        ranks = [rank_of(np.bincount(which, np.exp2(-hours / half)), where, 0.5) for half in HALF_LIVES]
        found += gains(ranks)[:, METRICS.index("ndcg_at_10")]
    return HALF_LIVES[int(found.argmax())]


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
