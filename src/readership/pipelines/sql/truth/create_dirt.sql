-- What was done to a simulated log on request; rows = 0 says what was asked for, and where.
-- Sums of the last four columns, added to the events of the clean world, are the counts that loading finds.
-- grain: day, kind, what
CREATE TABLE IF NOT EXISTS {truth:Identifier}.dirt
(
    day Date COMMENT 'on which the events happened; of a change of schema: arrived',
    kind LowCardinality(String) COMMENT 'late, duplicates, bots, skew, malformed, outage, schema or drift',
    what String COMMENT 'the field, brand, device or way',
    rows Int64 COMMENT 'events touched',
    added Int64,
    lost Int64 COMMENT 'events that never arrive',
    duplicated Int64 COMMENT 'further copies of an event, found as duplicates',
    quarantined Int64 COMMENT 'rows refused'
)
ENGINE = MergeTree
ORDER BY (day, kind, what)
