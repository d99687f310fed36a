-- Decisions in [opens_at, closes_at) whose chance was logged, and what came of each within the window after it.
-- grain: event_id    leakage rule: the answer reads [timestamp, timestamp + window), known or not by then; nothing else is read
SELECT
    toUnixTimestamp64Milli(i.timestamp) AS at_ms,
    if(i.user_id = 0, sipHash64(i.device_id), i.user_id) AS unit,
    i.decision_id AS decision_id,
    i.placement::String AS placement,
    i.category::String AS beside,
    i.country::String AS country, i.device_type::String AS device_type, i.brand::String AS brand,
    i.ad_id AS ad_id,
    assumeNotNull(i.propensity) AS propensity,
    toUInt8(c.timestamp >= i.timestamp AND c.timestamp < i.timestamp + toIntervalMinute({window_minutes:UInt16})) AS clicked,
    ifNull(i.ad_revenue_micros, 0) + if(clicked, ifNull(c.ad_revenue_micros, 0), 0) AS earned_micros
FROM
(
    SELECT
        timestamp, event_id, user_id, device_id, placement, category, ad_id, propensity, ad_revenue_micros, decision_id,
        country, device_type, events.brand AS brand,
        if(decision_id = '', session_id, decision_id) AS shown_in
    FROM events
    WHERE event_type = 'ad_impression' AND ad_id != '' AND propensity > 0
        AND timestamp >= {opens_at:DateTime64(3, 'UTC')} AND timestamp < {closes_at:DateTime64(3, 'UTC')}
        AND ({brand:String} = '' OR brand = {brand:String})
        AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
) AS i
ASOF LEFT JOIN
(
    SELECT timestamp, ad_id, ad_revenue_micros, if(decision_id = '', session_id, decision_id) AS shown_in
    FROM events
    WHERE event_type = 'ad_click' AND ad_id != ''
        AND timestamp >= {opens_at:DateTime64(3, 'UTC')}
        AND timestamp < {closes_at:DateTime64(3, 'UTC')} + toIntervalMinute({window_minutes:UInt16})
        AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
) AS c ON i.ad_id = c.ad_id AND i.shown_in = c.shown_in AND c.timestamp >= i.timestamp
ORDER BY i.timestamp, i.event_id
