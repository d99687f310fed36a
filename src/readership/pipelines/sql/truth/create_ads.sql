-- Every place for an advertisement: the chance and the worth of what was shown, of the best and of one drawn evenly.
-- grain: decision_id
CREATE TABLE IF NOT EXISTS {truth:Identifier}.ads
(
    timestamp DateTime64(3, 'UTC'),
    decision_id String,
    user_id UInt64 COMMENT 'the person, also where nobody was logged in',
    ad_id LowCardinality(String),
    click_probability Float64,
    value_eur Float64 COMMENT 'expected of this impression, a click included',
    best_ad_id LowCardinality(String) COMMENT 'with the highest expected value here',
    best_value_eur Float64,
    even_value_eur Float64 COMMENT 'expected of an advertisement drawn evenly'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (timestamp, decision_id)
