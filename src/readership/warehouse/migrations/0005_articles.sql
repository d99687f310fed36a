-- What was published; a change appends a row.
-- grain: article_id, received_at
CREATE TABLE articles
(
    article_id String,
    brand LowCardinality(String),
    category LowCardinality(String),
    author String,
    title String,
    body String,
    topics Array(LowCardinality(String)),
    article_type LowCardinality(String),
    paywalled UInt8,
    published_at DateTime64(3, 'UTC'),
    withdrawn_at Nullable(DateTime64(3, 'UTC')),
    received_at DateTime64(3, 'UTC'),
    loaded_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (article_id, received_at)
