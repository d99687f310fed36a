-- Deletes versions of sessions.
-- grain: none
ALTER TABLE session_versions DELETE WHERE row_id IN (SELECT row_id FROM {staging:Identifier}.old_sessions)
SETTINGS mutations_sync = 2
