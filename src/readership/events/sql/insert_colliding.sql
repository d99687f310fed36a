-- Events of the chunk whose reader's id shares its number with the id of another reader, known before or earlier in it.
-- grain: n
INSERT INTO {staging:Identifier}.reasons
SELECT rows.n, 'user_id', concat('\'', substringUTF8(rows.external_id, 1, 60), '\' shares its number with another reader\'s id'), lines.line
FROM {staging:Identifier}.rows AS rows
INNER JOIN {staging:Identifier}.lines AS lines ON lines.n = rows.n
INNER JOIN
(
    SELECT new.user_id AS user_id, if(old.external_id != '', old.external_id, new.external_id) AS owner
    FROM
    (
        SELECT user_id, argMin(external_id, n) AS external_id
        FROM {staging:Identifier}.rows WHERE field = '' GROUP BY user_id
    ) AS new
    LEFT JOIN
    (
        SELECT user_id, any(external_id) AS external_id FROM readers
        WHERE user_id IN (SELECT user_id FROM {staging:Identifier}.rows WHERE field = '')
        GROUP BY user_id
    ) AS old ON old.user_id = new.user_id
) AS owners ON owners.user_id = rows.user_id
WHERE rows.field = '' AND rows.external_id != owner
