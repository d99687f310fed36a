-- How many rows each part of a table that is not ours has, and when the newest of them was written.
-- grain: part (a day, as a rule)
SELECT toString(PART) AS readership_part, count() AS readership_rows, NEWEST AS readership_newest
FROM {database:Identifier}.{table:Identifier}
GROUP BY readership_part
ORDER BY readership_part
