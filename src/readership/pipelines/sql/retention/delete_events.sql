-- Deletes events before the limit, but for those of a visit that goes on across it.
-- grain: none
ALTER TABLE events
DELETE WHERE timestamp < {limit:DateTime64(3, 'UTC')}
    AND event_id NOT IN (SELECT event_id FROM {staging:Identifier}.spared)
SETTINGS mutations_sync = 2
