-- Rows of the chunk that could not be understood, whole.
-- grain: n, field
CREATE TABLE {staging:Identifier}.bad
(
    n UInt64,
    field String,
    reason String,
    raw String
)
ENGINE = Memory
