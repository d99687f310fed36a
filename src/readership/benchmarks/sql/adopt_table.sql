-- A publisher's own table of sessions, with names and types of its own.
-- grain: visit_uuid
CREATE TABLE publisher.visits
(
    visit_uuid UUID,
    reader_hash FixedString(32),
    site LowCardinality(String),
    begin DateTime,
    finish DateTime,
    abo LowCardinality(String),
    land LowCardinality(String),
    device LowCardinality(String),
    referrer_url String,
    articles_read UInt16,
    story_ids Array(String),
    hits UInt32,
    written_at DateTime('UTC')
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(begin)
ORDER BY (reader_hash, begin)
