-- A share of a table that is not ours, in the columns asked for.
-- grain: a row of the table
SELECT COLUMNS
FROM {database:Identifier}.{table:Identifier}
WHERE sipHash64(tuple(*)) % {shares:UInt32} = {share:UInt32}
