-- The versions that one load states, in the columns of the table `subscriptions`.
-- grain: n, part
CREATE TABLE {staging:Identifier}.rows AS subscriptions
ENGINE = MergeTree
ORDER BY tuple()
