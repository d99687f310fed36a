"""The SQL of the feature groups against a slow Python reading of the same meanings, on random sessions."""

import random
from datetime import timedelta
from typing import Any

import pytest
import reader_oracle as oracle
from session_rows import AS_OF, DAY, TICK, insert, session

from readership.pipelines.features import feature_frame
from readership.settings import Settings
from readership.warehouse import Warehouse

ZONES = ("", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Pago_Pago")
CHECKED = ("activity", "rhythm", "trend", "habit", "diversity", "reading", "ads_search", "tenure", "recent")


def random_session(rng: random.Random, reader: int) -> dict[str, Any]:
    edges = [AS_OF - w * DAY for w in oracle.WINDOWS] + [AS_OF]
    if rng.random() < 0.2:
        ended = rng.choice(edges) + rng.choice([-TICK, 0 * TICK, TICK])
    else:
        ended = AS_OF - timedelta(milliseconds=int(100 * 86_400_000 * rng.random() ** 2)) + timedelta(hours=6)
    count = rng.choice([0, 0, 1, 4])
    timed = rng.random() < 0.6
    return session(
        reader,
        ended,
        minutes=rng.choice([0, 3.5, 700]),
        timezone=rng.choice(ZONES) if reader % 2 else ZONES[reader % 6],
        known_at=max(ended, AS_OF + rng.choice([-9, -5, 0, 5]) * DAY) if rng.random() < 0.3 else ended,
        loaded_at=AS_OF + rng.choice([-1, -1, -1, 0, 1]) * TICK,
        tombstone=int(rng.random() < 0.1),
        registered=int(rng.random() < 0.2),
        brand=rng.choice(["", "news", "sport"]),
        device_type=rng.choice(["", "app", "mobile"]),
        article_ids=rng.choices(["a", "b", "c"], k=rng.choice([0, 1, 4])),
        categories=rng.choices(["", "politics", "culture", "sport"], k=rng.choice([0, 2, 3])),
        total_events=rng.choice([1, 2, 9]),
        article_views=rng.choice([0, 1, 5]),
        article_clicks=count,
        article_completes=rng.choice([0, 0, 2]),
        article_impressions=rng.choice([0, 8]),
        video_plays=count,
        ad_impressions=rng.choice([0, 3]),
        ad_clicks=rng.choice([0, 1]),
        ad_revenue_micros=rng.choice([0, 1_234_567]),
        searches=rng.choice([0, 0, 0, 2]),
        engaged_events=int(timed),
        engaged_ms=rng.randrange(10**6) if timed else 0,
        scroll_events=int(timed),
        scroll_depth_sum=40 if timed else 0,
        pages_visited_count=3 if timed else 0,
        unique_pages_count=2 if timed else 0,
    )


def random_versions(rng: random.Random, reader: int) -> list[dict[str, Any]]:
    """Sessions of one reader, some replaced by a later version or a tombstone."""
    rows = [random_session(rng, reader) for _ in range(rng.choice([1, 2, 8, 30]))]
    for row in list(rows):
        if rng.random() < 0.2:
            later = row["known_at"] + rng.choice([TICK, 3 * DAY])
            rows.append(random_session(rng, reader) | {"replaces": row["row_id"], "known_at": later, "version": 2})
    return rows


@pytest.mark.parametrize("seed", range(4))
def test_every_group_agrees_with_the_slow_reading(warehouse: Warehouse, settings: Settings, seed: int) -> None:
    rng = random.Random(seed)
    rows = {reader: random_versions(rng, reader) for reader in range(40)}
    insert(warehouse, [row for versions in rows.values() for row in versions])
    for as_of in (AS_OF, AS_OF - 2 * DAY + timedelta(hours=17, minutes=20)):
        frame = feature_frame(warehouse, as_of, AS_OF, settings=settings, groups=CHECKED, purposes=1)
        found = {row["user_id"]: row for row in frame.to_dicts()}
        counted = {reader: oracle.counted(versions, as_of, AS_OF) for reader, versions in rows.items()}
        assert set(found) == {reader for reader, sessions in counted.items() if sessions}
        for reader, values in found.items():
            expected = oracle.features(counted[reader], as_of)
            assert set(expected) == set(values) - {"user_id"}
            for name, value in expected.items():
                close = (
                    pytest.approx(value, rel=1e-6, abs=2e-3 if "score" in name else 1e-6)
                    if isinstance(value, float)
                    else value
                )
                assert values[name] == close, (reader, name, value)


def test_a_reader_without_a_recent_session_has_zeros_and_unknowns(warehouse: Warehouse, settings: Settings) -> None:
    insert(warehouse, [session(1, AS_OF - 200 * DAY)])
    row = feature_frame(warehouse, AS_OF, AS_OF, settings=settings).row(0, named=True)
    assert row["sessions_90d"] == 0
    assert row["engaged_seconds_7d"] == 0
    assert row["current_gap_days"] is None
    assert row["completion_rate_28d"] is None
    assert row["newsletter_signups_ever"] == 0
    assert row["days_since_newsletter_signup"] is None
    assert row["tenure_days"] == pytest.approx(200 + 5 / 1440)
