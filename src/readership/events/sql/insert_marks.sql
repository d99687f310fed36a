-- What identifies the chunk's rows without a UUID, by `marks` over `typed` over a parsed chunk.
-- grain: n
INSERT INTO {staging:Identifier}.marks
