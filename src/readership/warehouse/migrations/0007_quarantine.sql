-- Rows that could not be understood, kept whole with the reason.
-- grain: source, line
CREATE TABLE quarantine
(
    source String,
    line UInt64,
    field LowCardinality(String),
    reason String,
    raw String,
    at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (source, line)
