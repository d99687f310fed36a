-- The most frequent values of a column of a table that is not ours.
-- grain: value
SELECT toString({column:Identifier}) AS readership_value
FROM {database:Identifier}.{table:Identifier}
WHERE isNotNull({column:Identifier})
GROUP BY readership_value
ORDER BY count() DESC, readership_value
LIMIT {limit:UInt32}
