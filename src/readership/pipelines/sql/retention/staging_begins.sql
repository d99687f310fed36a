-- Since when the rows of readers are kept whose visit goes on across the limit: their visits stay whole.
-- grain: user_id
CREATE TABLE {staging:Identifier}.begins (user_id UInt64, begin_ms Int64) ENGINE = Memory
