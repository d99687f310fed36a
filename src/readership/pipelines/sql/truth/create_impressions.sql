-- Every article shown in a slate, and the probability that it was clicked.
-- grain: slate_id, position
CREATE TABLE IF NOT EXISTS {truth:Identifier}.impressions
(
    timestamp DateTime64(3, 'UTC'),
    slate_id String,
    position UInt16 COMMENT '1 is first',
    placement LowCardinality(String),
    user_id UInt64 COMMENT 'the person, also where nobody was logged in',
    article_id String,
    click_probability Float64 COMMENT 'examination of the position times attraction',
    attraction Float64 COMMENT 'probability of a click, were it looked at'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (timestamp, slate_id, position)
