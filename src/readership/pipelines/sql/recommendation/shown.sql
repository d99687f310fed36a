-- One row per article shown, in the order in which the publisher learnt of it.
-- grain: event_id    leakage rule: timestamp < as_of, received_at <= as_of, loaded_at <= snapshot_at
-- reader: 0 unless they may be recognised (purpose personalisation, bit 2), by what was stated by the time at which it
-- was received and by the last statement of all, as `learns` and `stays` of reads.sql.
WITH
    {as_of:DateTime64(3, 'UTC')} AS now,
    stated AS
    (
        SELECT
            user_id, received_at,
            tupleElement(max((timestamp, received_at, assumeNotNull(consent))) OVER (PARTITION BY user_id ORDER BY received_at, timestamp), 3) AS purposes
        FROM events
        WHERE consent IS NOT NULL AND timestamp < now AND received_at <= now AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    ),
    last_stated AS (SELECT user_id, argMax(purposes, received_at) AS purposes FROM stated GROUP BY user_id),
    shown AS
    (
        SELECT event_id, user_id, session_id, article_id, position, timestamp, received_at
        FROM events
        WHERE event_type = 'article_impression' AND article_id != ''
          AND timestamp < now AND received_at <= now AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
          AND ({brand:String} = '' OR brand = {brand:String})
    )
SELECT
    toUnixTimestamp64Milli(shown.timestamp) AS at_ms,
    toUnixTimestamp64Milli(shown.received_at) AS received_ms,
    cityHash64(shown.event_id) AS event,
    shown.article_id AS article_id,
    toInt64(coalesce(shown.position, 0)) AS position,
    if(shown.session_id = '', 0, cityHash64(shown.session_id)) AS visit,
    if(
        bitAnd(if(by_then.user_id = 0, {default_consent:UInt8}, by_then.purposes), 2) != 0
        AND bitAnd(if(last_stated.user_id = 0, {default_consent:UInt8}, last_stated.purposes), 2) != 0,
        shown.user_id, 0) AS reader
FROM shown
LEFT JOIN last_stated ON last_stated.user_id = shown.user_id
ASOF LEFT JOIN stated AS by_then ON by_then.user_id = shown.user_id AND by_then.received_at <= shown.received_at
ORDER BY received_ms, at_ms, event
