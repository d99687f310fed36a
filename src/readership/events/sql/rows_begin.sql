-- Fills `rows`; this, parse_lines or parse_records, rows_middle, normalise and rows_end make one statement.
-- grain: n
INSERT INTO {staging:Identifier}.rows
WITH records AS
(
