-- How many events are deleted.
-- grain: one row
SELECT count() FROM events
WHERE timestamp < {limit:DateTime64(3, 'UTC')} AND event_id NOT IN (SELECT event_id FROM {staging:Identifier}.spared)
