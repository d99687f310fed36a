-- What the batch's new sessions tell of single doings, as events to be.
-- grain: event_id
CREATE TABLE {staging:Identifier}.doings
(
    event_id UUID,
    row_id UInt64,
    at_ms Int64,
    event_type LowCardinality(String),
    article_id String,
    article_title String,
    category LowCardinality(String),
    page_url String
)
ENGINE = Memory
