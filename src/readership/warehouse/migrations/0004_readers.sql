-- Who stands behind a user_id: the publisher's own id. Never read by features, which see only what was known at as_of.
-- grain: user_id
CREATE TABLE readers
(
    user_id UInt64,
    external_id String,
    first_seen DateTime64(3, 'UTC'),
    registered_at Nullable(DateTime64(3, 'UTC')),
    timezone LowCardinality(String),
    brand LowCardinality(String),
    consent Nullable(UInt8),
    received_at DateTime64(3, 'UTC'),
    loaded_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(loaded_at)
ORDER BY user_id
