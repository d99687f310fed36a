-- What `readership monitor` measured. Measured again, a row takes the place of the one before.
-- grain: brand, task, kind, measure, part, as_of
CREATE TABLE measures
(
    as_of DateTime64(3, 'UTC'),
    brand LowCardinality(String) COMMENT 'empty: all brands',
    task LowCardinality(String) COMMENT 'empty: what arrives',
    kind LowCardinality(String) COMMENT 'data, inputs, scores, estimate, performance',
    measure LowCardinality(String),
    part LowCardinality(String) COMMENT 'column, value or slice; empty: the whole',
    state LowCardinality(String) COMMENT 'green, grey (not measured), amber, red',
    value Nullable(Float64),
    low Nullable(Float64) COMMENT '95% interval of value',
    high Nullable(Float64),
    usual_low Nullable(Float64) COMMENT 'what it is expected to lie within',
    usual_high Nullable(Float64),
    rows UInt64,
    readers UInt64,
    model_version LowCardinality(String),
    reason String,
    measured_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(measured_at)
PARTITION BY toYYYYMM(as_of)
ORDER BY (brand, task, kind, measure, part, as_of)
