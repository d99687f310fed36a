-- Readers whose rows are deleted. Deletions name this table: a statement that named the readers would stay on disk.
-- grain: user_id
CREATE TABLE {staging:Identifier}.gone (user_id UInt64) ENGINE = Memory
