-- What this chunk held, for the later chunks of the same file.
-- grain: one row a row without event id
INSERT INTO {staging:Identifier}.contents
SELECT content FROM {staging:Identifier}.rows WHERE content != 0 AND field = ''
