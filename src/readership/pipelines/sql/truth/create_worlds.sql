-- Which world this warehouse holds; the newest row counts.
-- grain: at
CREATE TABLE IF NOT EXISTS {truth:Identifier}.worlds
(
    at DateTime64(3, 'UTC'),
    state LowCardinality(String) COMMENT 'writing or complete',
    version UInt16 COMMENT 'of the simulator''s rules',
    readers UInt32,
    days UInt32,
    seed Int64,
    starts_at DateTime64(3, 'UTC'),
    drift_day Nullable(UInt32) COMMENT 'from this day of the world on readers are other than before'
)
ENGINE = MergeTree
ORDER BY at
