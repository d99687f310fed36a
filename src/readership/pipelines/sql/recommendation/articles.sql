-- One row per version of an article, from the moment at which it was known: as it was told of, or else at its first event.
-- grain: article_id, known_ms    leakage rule: received_at <= as_of (an event: timestamp < as_of too), loaded_at <= snapshot_at
-- An event tells of an article that nobody has told of by then; what the event does not say of it stays empty.
WITH
    told AS
    (
        SELECT
            article_id, toUnixTimestamp64Milli(received_at) AS known_ms, toUnixTimestamp64Milli(published_at) AS published_ms,
            toUnixTimestamp64Milli(withdrawn_at) AS withdrawn_ms, toString(brand) AS brand, toString(category) AS category,
            author, toString(article_type) AS article_type, arrayMap(topic -> toString(topic), topics) AS topics, title, body,
            paywalled
        FROM articles
        WHERE received_at <= {as_of:DateTime64(3, 'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    ),
    met AS
    (
        SELECT
            article_id, toUnixTimestamp64Milli(min(received_at)) AS known_ms, known_ms AS published_ms,
            CAST(NULL, 'Nullable(Int64)') AS withdrawn_ms,
            toString(argMin(brand, (received_at, event_id))) AS brand, toString(argMin(category, (received_at, event_id))) AS category,
            '' AS author, toString(argMin(article_type, (received_at, event_id))) AS article_type, CAST([], 'Array(String)') AS topics,
            argMin(article_title, (received_at, event_id)) AS title, '' AS body, toUInt8(0) AS paywalled
        FROM events
        WHERE article_id != ''
          AND timestamp < {as_of:DateTime64(3, 'UTC')}
          AND received_at <= {as_of:DateTime64(3, 'UTC')}
          AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
        GROUP BY article_id
    ),
    first_told AS (SELECT article_id, min(known_ms) AS since FROM told GROUP BY article_id)
SELECT *
FROM
(
    SELECT * FROM told
    UNION ALL
    SELECT met.* FROM met LEFT JOIN first_told USING (article_id)
    WHERE first_told.since = 0 OR met.known_ms < first_told.since
)
WHERE {brand:String} = '' OR brand IN ('', {brand:String})
ORDER BY known_ms, article_id
