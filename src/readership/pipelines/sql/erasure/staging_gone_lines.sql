-- Rows of the quarantine that are deleted, by a hash of where they stand and what they hold.
-- grain: row_hash
CREATE TABLE {staging:Identifier}.gone_lines (row_hash UInt64) ENGINE = Memory
