-- Copies the events that a label and its population may look at, whenever they were received.
-- grain: event_id
INSERT INTO {target:Identifier}.events
SELECT * FROM {source:Identifier}.events
WHERE timestamp >= {opens_at:DateTime64(3, 'UTC')}
    AND timestamp < {closes_at:DateTime64(3, 'UTC')}
