-- Removes the events that were read off a table's sessions.
-- grain: event_id
ALTER TABLE events DELETE WHERE origin = {source:String} SETTINGS mutations_sync = 1
