-- The versions that one load states, in the columns of the table `articles`.
-- grain: n, part
CREATE TABLE {staging:Identifier}.rows AS articles
ENGINE = MergeTree
ORDER BY tuple()
