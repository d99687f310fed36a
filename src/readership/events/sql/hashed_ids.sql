-- Rows without a UUID get one: from the id the source gave, or from their content and its n-th occurrence in the file,
-- so that an overlapping export counts once and true repeats within one file stay.
-- grain: n
INSERT INTO {staging:Identifier}.identified
SELECT rows.* REPLACE (
    multiIf(
        mark.occurrence = 0, event_id,
        mark.stated = 1, reinterpretAsUUID(mark.content),
        reinterpretAsUUID(sipHash128(mark.content, mark.occurrence))) AS event_id)
FROM {staging:Identifier}.rows AS rows
LEFT JOIN
(
    SELECT now.n AS n, now.stated AS stated, now.content AS content,
        row_number() OVER (PARTITION BY now.content ORDER BY now.n) + before.earlier AS occurrence
    FROM {staging:Identifier}.marks AS now
    LEFT JOIN
    (
        SELECT content, count() AS earlier
        FROM {staging:Identifier}.contents
        WHERE content IN (SELECT content FROM {staging:Identifier}.marks)
        GROUP BY content
    ) AS before ON before.content = now.content
) AS mark ON mark.n = rows.n
