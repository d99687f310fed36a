-- What is wrong with rows of the chunk.
-- grain: n
CREATE TABLE {staging:Identifier}.reasons
(
    n UInt64,
    field String,
    reason String
)
ENGINE = Memory
