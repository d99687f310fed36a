-- Sessions of readers with an account, and how they were felt.
-- grain: user_id, session_start
CREATE TABLE IF NOT EXISTS {truth:Identifier}.visits
(
    user_id UInt64,
    session_id String,
    session_start DateTime64(3, 'UTC'),
    session_end DateTime64(3, 'UTC'),
    felt Float64 COMMENT 'moves satisfaction',
    newsletter Bool COMMENT 'whether the newsletter is taken after it',
    reads UInt16,
    walled UInt16 COMMENT 'paywalled articles among them',
    expected_engaged_seconds Float64 COMMENT 'mean over the dwell on what was read, before chance'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(session_start)
ORDER BY (session_start, user_id)
