-- Spans in which tracking is known to have failed; label windows that touch one are left out.
-- grain: starts_at, ends_at
CREATE TABLE outages
(
    starts_at DateTime64(3, 'UTC'),
    ends_at DateTime64(3, 'UTC'),
    brand LowCardinality(String) COMMENT 'empty: all brands',
    note String,
    received_at DateTime64(3, 'UTC'),
    loaded_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY starts_at
