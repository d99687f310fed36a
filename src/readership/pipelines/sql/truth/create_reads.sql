-- Every article read, and how long it was expected to hold the reader.
-- grain: user_id, timestamp
CREATE TABLE IF NOT EXISTS {truth:Identifier}.reads
(
    timestamp DateTime64(3, 'UTC'),
    user_id UInt64 COMMENT 'the person, also where nobody was logged in',
    session_id String,
    article_id String,
    expected_dwell_seconds Float64
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (timestamp, user_id)
