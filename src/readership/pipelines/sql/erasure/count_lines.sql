-- How many rows of the quarantine are deleted.
-- grain: one row
SELECT count() FROM quarantine
WHERE sipHash64(source, line, field, raw) IN (SELECT row_hash FROM {staging:Identifier}.gone_lines)
