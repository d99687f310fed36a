-- Versions of sessions that are deleted.
-- grain: row_id
CREATE TABLE {staging:Identifier}.old_sessions (row_id UInt64) ENGINE = Memory
