-- Reads of some readers as they were loaded.
-- grain: user_id, article_id, timestamp    leakage rule: none, nothing is learnt from it
SELECT DISTINCT user_id, article_id, toUnixTimestamp64Milli(timestamp) AS at_ms
FROM events
WHERE user_id IN {readers:Array(UInt64)} AND event_type = 'article_view' AND article_id != ''
    AND timestamp >= {since:DateTime64(3, 'UTC')}
