-- How many rows of the chunk add nothing.
-- grain: one row
SELECT uniqExact(n) FROM {staging:Identifier}.skip
