-- Offset of each time zone met in the events, from each change of its clock on (daylight saving included).
-- grain: timezone, starts_at
CREATE TABLE zone_offsets
(
    timezone LowCardinality(String),
    starts_at DateTime64(3, 'UTC'),
    utc_offset_minutes Int16
)
ENGINE = ReplacingMergeTree
ORDER BY (timezone, starts_at)
