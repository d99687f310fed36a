"""Data frames from the configured warehouse, embedded or a ClickHouse server (by its HTTP port, usually 8123)."""

import polars as pl

from readership.settings import load_settings
from readership.warehouse import Warehouse, migrate

USER_FEATURES = """
SELECT
    user_id,
    count() as total_sessions,
    avg(session_duration_sec) as avg_duration,
    avg(total_events) as avg_events,
    avg(article_views) as avg_article_views,
    subscription_tier,
    country,
    device_type
FROM session_metrics
GROUP BY user_id, subscription_tier, country, device_type
"""


def query(sql: str, **values: object) -> pl.DataFrame:
    """Rows of a SELECT; values are bound as ClickHouse parameters, e.g. `{country:String}`."""
    with Warehouse.open(load_settings()) as warehouse:
        migrate(warehouse)
        return warehouse.frame(sql, **values)


def user_features() -> pl.DataFrame:
    """Sessions of each reader, by tier, country and device: how many, how long, how much was read."""
    return query(USER_FEATURES)
