-- Rows without an event id get one from their content and its n-th occurrence in the file, so that an
-- overlapping export counts once and true repeats within one file stay.
-- grain: n
INSERT INTO {staging:Identifier}.identified
SELECT * EXCEPT (occurrence) REPLACE (
    if(content = 0, event_id, reinterpretAsUUID(sipHash128(content, occurrence))) AS event_id)
FROM {staging:Identifier}.rows
LEFT JOIN
(
    SELECT n, row_number() OVER (PARTITION BY content ORDER BY n) + earlier AS occurrence
    FROM (SELECT n, content FROM {staging:Identifier}.rows WHERE content != 0 AND field = '') AS now
    LEFT JOIN
    (
        SELECT content, count() AS earlier
        FROM {staging:Identifier}.contents
        WHERE content IN (SELECT content FROM {staging:Identifier}.rows WHERE content != 0 AND field = '')
        GROUP BY content
    ) AS before USING (content)
) AS nth USING (n)
