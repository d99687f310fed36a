-- Rows of one load that could not be understood.
-- grain: n
CREATE TABLE {staging:Identifier}.bad
(
    n UInt64,
    field String,
    reason String
)
ENGINE = MergeTree
ORDER BY n
