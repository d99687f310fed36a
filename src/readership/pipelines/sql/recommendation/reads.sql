-- One row per article opened, in the order in which the publisher learnt of them.
-- grain: event_id    leakage rule: timestamp < as_of, received_at <= as_of, loaded_at <= snapshot_at
-- asks, learns: whether the reader may be recognised (purpose personalisation, bit 2): by what was stated, and received,
-- before the read; and by what was stated by the time it was received. `stays`: by the last statement of all.
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
    registered AS
    (
        SELECT user_id, min(timestamp) AS since
        FROM events
        WHERE (event_type IN ('registration', 'login') OR subscription_tier != '')
          AND timestamp < now AND received_at <= now AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
        GROUP BY user_id
    ),
    opened AS
    (
        SELECT event_id, user_id, session_id, article_id, toString(brand) AS brand, timestamp, received_at
        FROM events
        WHERE event_type = 'article_view' AND article_id != ''
          AND timestamp < now AND received_at <= now AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
          AND ({brand:String} = '' OR brand = {brand:String})
    )
SELECT
    toUnixTimestamp64Milli(opened.timestamp) AS at_ms,
    toUnixTimestamp64Milli(opened.received_at) AS received_ms,
    cityHash64(opened.event_id) AS event,
    opened.user_id AS reader,
    opened.session_id AS session_id,
    if(opened.session_id = '', opened.user_id, cityHash64(opened.session_id)) AS visit,
    opened.article_id AS article_id,
    opened.brand AS brand,
    registered.since > toDateTime64(0, 3, 'UTC') AND registered.since <= opened.timestamp AS known,
    bitAnd(if(before.user_id = 0, {default_consent:UInt8}, before.purposes), 2) != 0 AS asks,
    bitAnd(if(by_then.user_id = 0, {default_consent:UInt8}, by_then.purposes), 2) != 0 AS learns,
    bitAnd(if(last_stated.user_id = 0, {default_consent:UInt8}, last_stated.purposes), 2) != 0 AS stays
FROM opened
LEFT JOIN registered ON registered.user_id = opened.user_id
LEFT JOIN last_stated ON last_stated.user_id = opened.user_id
ASOF LEFT JOIN stated AS before ON before.user_id = opened.user_id AND before.received_at < opened.timestamp
ASOF LEFT JOIN stated AS by_then ON by_then.user_id = opened.user_id AND by_then.received_at <= opened.received_at
ORDER BY received_ms, at_ms, event
