-- Appends the versions that are new.
-- grain: the table's
INSERT INTO {table:Identifier}
SELECT rows.* EXCEPT (n, part, stated, named, external_id)
    REPLACE (decided.received_at AS received_at, now64(3) AS loaded_at)
FROM {staging:Identifier}.rows AS rows
INNER JOIN
(
    SELECT n, part, received_at FROM {staging:Identifier}.decided
    WHERE verdict IN ('new', 'changed') AND n NOT IN (SELECT n FROM {staging:Identifier}.bad)
) AS decided ON decided.n = rows.n AND decided.part = rows.part
