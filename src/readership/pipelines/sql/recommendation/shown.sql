-- One row per article shown, in the order in which the publisher learnt of it; nothing of whom it was shown to.
-- grain: event_id    leakage rule: timestamp < as_of, received_at <= as_of, loaded_at <= snapshot_at
SELECT
    toUnixTimestamp64Milli(timestamp) AS at_ms,
    toUnixTimestamp64Milli(received_at) AS received_ms,
    article_id,
    toInt64(coalesce(position, 0)) AS position,
    if(session_id = '', user_id, cityHash64(session_id)) AS visit
FROM events
WHERE event_type = 'article_impression' AND article_id != ''
  AND timestamp < {as_of:DateTime64(3, 'UTC')}
  AND received_at <= {as_of:DateTime64(3, 'UTC')}
  AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
  AND ({brand:String} = '' OR brand = {brand:String})
ORDER BY received_ms, at_ms, cityHash64(event_id)
