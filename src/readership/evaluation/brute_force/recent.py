"""The last sessions of one reader, one by one, and the engagement score of each, straight from their meaning."""

import statistics
from collections.abc import Sequence
from datetime import datetime, timedelta

from readership.evaluation.brute_force.values import Value
from readership.evaluation.brute_force.visits import Visit

LAGS = 30
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def recent_of(visits: Sequence[Visit], as_of: datetime) -> dict[str, Value]:
    """Scores, silences and articles of the last sessions, the newest first, and means of the scores."""
    newest = sorted(visits, key=lambda v: (v.end, v.start, -_thousandths(v), -_articles(v)), reverse=True)
    scores = [_thousandths(visit) / 1000 for visit in newest]
    values: dict[str, Value] = {}
    later = as_of
    for place in range(LAGS):
        visit = newest[place] if place < len(newest) else None
        values[f"score_lag_{place + 1}"] = scores[place] if visit else None
        values[f"silence_days_lag_{place + 1}"] = max(0.0, (later - visit.end) / DAY) if visit else None
        values[f"articles_lag_{place + 1}"] = _articles(visit) if visit else None
        later = visit.start if visit else later
    for count in (3, 5, 10, 30):
        values[f"score_mean_{count}"] = statistics.fmean(scores[:count])
    values["score_mean_ever"] = statistics.fmean(scores)
    values["score_spread_10"] = statistics.pstdev(scores[:10]) if len(scores) > 1 else None
    oldest_first = scores[:10][::-1]
    if len(scores) > 2:
        values["score_slope_10"] = statistics.linear_regression(range(len(oldest_first)), oldest_first).slope
    else:
        values["score_slope_10"] = None
    return values


def _articles(visit: Visit) -> int:
    return len(set(visit.articles))


def _thousandths(visit: Visit) -> int:
    """The score in whole thousandths of a point: what is measured earns points, out of those that could be earned."""
    read, views, minutes = visit.engaged_ms / 1000, len(visit.articles), (visit.end - visit.start) / MINUTE
    completes, articles = visit.counts["article_complete"], _articles(visit)
    earned = 15 * articles / (articles + 2) + 10 * minutes / (minutes + 3)
    possible = 25
    if views == 0 or visit.timed_events:
        earned, possible = earned + 40 * read / (read + 60), possible + 40
    if views == 0 or visit.timed_events or visit.scroll_events or completes:
        earned, possible = earned + 20 * min(1, completes / max(1, articles)), possible + 20
    if views == 0 or visit.scroll_events:
        earned, possible = earned + 15 * visit.scroll_percents / 100 / max(1, visit.scroll_events), possible + 15
    return round(100_000 * earned / possible)
