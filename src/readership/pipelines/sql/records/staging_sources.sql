-- The rows of one load as they came: every column of the source as text.
-- grain: n
CREATE TABLE {staging:Identifier}.sources
(
    n UInt64,
    columns Map(String, String),
    problem String
)
ENGINE = MergeTree
ORDER BY n
