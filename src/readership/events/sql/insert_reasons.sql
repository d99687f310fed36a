-- What is wrong with the chunk's rows, by `reasons` over `typed` over a parsed chunk.
-- grain: n
INSERT INTO {staging:Identifier}.reasons
