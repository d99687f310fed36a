-- Who was shown what, one row an exposure.
-- grain: unit, experiment, at
CREATE TABLE exposures
(
    unit String,
    experiment LowCardinality(String),
    variant LowCardinality(String),
    treatment LowCardinality(String),
    propensity Nullable(Float64),
    decision_id String,
    at DateTime64(3, 'UTC'),
    received_at DateTime64(3, 'UTC'),
    loaded_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (experiment, unit, at)
