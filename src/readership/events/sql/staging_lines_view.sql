-- One chunk of a file of JSON lines, as it came.
-- grain: n (the line's number in the chunk, from 0)
CREATE VIEW lines AS
SELECT assumeNotNull(_row_number) AS n, line
FROM lines_file
