-- What the earlier chunks of the same file held, where rows have no event id.
-- grain: one row a row of the file
CREATE TABLE {staging:Identifier}.contents
(
    content UInt128
)
ENGINE = MergeTree
ORDER BY content
