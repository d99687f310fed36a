-- Rows that one build of sessions has written.
-- grain: one row
SELECT count() FROM session_versions WHERE batch_id = {batch:String}
