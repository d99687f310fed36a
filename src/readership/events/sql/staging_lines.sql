-- One chunk of a file of JSON lines, as it came.
-- grain: n (the line's number in the chunk, from 0)
CREATE TABLE {staging:Identifier}.lines
(
    n UInt64 DEFAULT rowNumberInAllBlocks(),
    line String
)
ENGINE = Memory
