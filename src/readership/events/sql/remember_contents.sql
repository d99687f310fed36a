-- What this chunk held, for the later chunks of the same file.
-- grain: one row a row without a UUID
INSERT INTO {staging:Identifier}.contents
SELECT content FROM {staging:Identifier}.marks
