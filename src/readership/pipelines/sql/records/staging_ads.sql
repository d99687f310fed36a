-- The versions that one load states, in the columns of the table `ads`.
-- grain: n, part
CREATE TABLE {staging:Identifier}.rows AS ads
ENGINE = MergeTree
ORDER BY tuple()
