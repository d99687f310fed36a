-- Rows of the chunk that are stored already, or repeat another row of it.
-- grain: n
CREATE TABLE {staging:Identifier}.skip
(
    n UInt64
)
ENGINE = Memory
