-- Removes the sessions that were read from a table.
-- grain: row_id
ALTER TABLE session_versions DELETE WHERE origin = {source:String} SETTINGS mutations_sync = 1
