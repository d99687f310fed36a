-- What a model said, one row an answer.
-- grain: decision_id
CREATE TABLE predictions
(
    decision_id String,
    user_id UInt64,
    task LowCardinality(String),
    model_version LowCardinality(String),
    features_as_of DateTime64(3, 'UTC'),
    inputs_hash String,
    score Float64,
    propensity Nullable(Float64),
    at DateTime64(3, 'UTC'),
    received_at DateTime64(3, 'UTC'),
    loaded_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (task, user_id, at)
