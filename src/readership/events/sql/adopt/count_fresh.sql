-- How many of the batch's sessions are new, how many are new versions of stored ones, and what they tell.
-- grain: one row
SELECT
    countIf(replaces = 0) AS new,
    countIf(replaces != 0) AS changed,
    sum(starts) AS starts,
    sum(cancels) AS cancels
FROM {staging:Identifier}.fresh
