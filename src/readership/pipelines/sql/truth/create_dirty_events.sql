-- Events that were lost, late, repeated, spoiled or of a wrong time, as they would have been. Bots' are not listed.
-- grain: kind, event_id
CREATE TABLE IF NOT EXISTS {truth:Identifier}.dirty_events
(
    kind LowCardinality(String),
    event_id UUID,
    day Date,
    timestamp DateTime64(3, 'UTC'),
    received_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (kind, day, event_id)
