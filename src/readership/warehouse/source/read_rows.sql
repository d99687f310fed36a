-- Rows of a table that is not ours, in the columns asked for, of some parts of it and a share of these.
-- grain: a row of the table
SELECT COLUMNS
FROM {database:Identifier}.{table:Identifier}
WHERE PART IN PARTS
    AND sipHash64(ifNull(toString({axis:Identifier}), ''), ifNull(toString({spread:Identifier}), '')) % {shares:UInt32}
        = {share:UInt32}
