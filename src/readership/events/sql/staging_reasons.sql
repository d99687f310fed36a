-- What is wrong with rows of the chunk.
-- grain: n
CREATE TABLE {staging:Identifier}.reasons
(
    n UInt64,
    field String,
    reason String,
    raw String COMMENT 'a line as it came, or as base64 where its bytes are no text'
)
ENGINE = Memory
