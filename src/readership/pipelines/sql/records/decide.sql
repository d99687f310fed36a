-- For each version of the load: is it new, a further version of something stored, a repeat, or at odds with another row?
-- grain: n, part
-- A version without a time of its own that changes what is stored is known since its own end, if that is news, else now.
INSERT INTO {staging:Identifier}.decided
SELECT
    n, part, learned_at, first_n,
    if(guess = 'changed' AND NOT stated
        AND row_number() OVER (PARTITION BY version_of, valid_from, guess, stated ORDER BY received_at DESC, n, part) > 1, 'repeat', guess) AS verdict
FROM
(
    SELECT
        rows.n AS n, rows.part AS part, rows.stated AS stated, rows.version_of AS version_of,
        rows.received_at AS received_at, rows.valid_from AS valid_from, firsts.first_n AS first_n,
        multiIf(
            rows.content != firsts.first_content, 'conflict',
            rows.n != firsts.first_n, 'repeat',
            empty(stored.contents), 'new',
            rows.stated, if(has(stored.versions, (rows.content, toUnixTimestamp64Milli(rows.received_at))), 'repeat', 'changed'),
            rows.part = 1 OR has(stored.contents, rows.content), 'repeat',
            'changed') AS guess,
        if(guess = 'changed' AND NOT rows.stated AND rows.received_at <= stored.newest,
            fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC'), rows.received_at) AS learned_at
    FROM
    (
        SELECT n, part, stated, version_of, content, valid_from, received_at FROM {staging:Identifier}.rows
    ) AS rows
    INNER JOIN
    (
        SELECT version_of, valid_from, received_at, min(n) AS first_n, argMin(content, (n, part)) AS first_content
        FROM {staging:Identifier}.rows
        GROUP BY version_of, valid_from, received_at
    ) AS firsts ON firsts.version_of = rows.version_of AND firsts.received_at = rows.received_at AND firsts.valid_from = rows.valid_from
    LEFT JOIN
    (
        SELECT
            version_of,
            max(received_at) AS newest,
            groupUniqArray(content) AS contents,
            groupUniqArray((content, toUnixTimestamp64Milli(received_at))) AS versions
        FROM {table:Identifier}
        WHERE version_of IN (SELECT version_of FROM {staging:Identifier}.rows)
        GROUP BY version_of
    ) AS stored ON stored.version_of = rows.version_of
)
