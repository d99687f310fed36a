-- How many versions of sessions are deleted.
-- grain: one row
SELECT count() FROM session_versions WHERE row_id IN (SELECT row_id FROM {staging:Identifier}.old_sessions)
