-- The chunk's rows, by `rows` over `typed` over a parsed chunk.
-- grain: n
INSERT INTO {staging:Identifier}.rows
