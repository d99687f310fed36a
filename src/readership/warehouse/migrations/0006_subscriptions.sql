-- Paid periods as they were known; a change appends a row.
-- grain: user_id, period_start, received_at
CREATE TABLE subscriptions
(
    user_id UInt64,
    plan LowCardinality(String),
    price_eur Nullable(Float64),
    period_start DateTime64(3, 'UTC'),
    period_end DateTime64(3, 'UTC'),
    cancelled_at Nullable(DateTime64(3, 'UTC')),
    reason LowCardinality(String),
    received_at DateTime64(3, 'UTC'),
    loaded_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (user_id, period_start, received_at)
