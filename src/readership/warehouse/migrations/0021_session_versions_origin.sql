-- Where a session comes from: built from events, or read from the publisher's own table of sessions.
-- grain: none
ALTER TABLE session_versions ADD COLUMN origin LowCardinality(String) COMMENT 'empty: built from events; else the table it was read from'
