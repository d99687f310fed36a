-- One row per item shown in [opens_at, closes_at), the last minutes of each day aside: to whom, where, and whether it was
-- clicked within the window, which so closes on the day of the impression.
-- grain: event_id    leakage rule: the answer reads [timestamp, timestamp + window), known or not by then; nothing else is read
-- Items are articles (a click belongs to the same slate and article), or ads where thing is 'ad' (the same decision).
SELECT
    i.user_id AS user_id,
    i.item_id AS item_id,
    i.shown_in AS shown_in,
    toUnixTimestamp64Milli(i.timestamp) AS at_ms,
    toInt64(coalesce(i.position, 0)) AS position,
    i.placement AS placement,
    i.device_type AS device_type,
    i.brand AS brand,
    i.referrer AS referrer,
    i.beside AS beside,
    i.campaign AS campaign,
    i.ad_category AS ad_category,
    toUInt8(c.timestamp >= i.timestamp AND c.timestamp < i.timestamp + toIntervalMinute({window_minutes:UInt16})) AS label
FROM
(
    SELECT
        event_id, user_id, timestamp, position, placement::String AS placement, device_type::String AS device_type,
        brand::String AS brand, referrer,
        campaign_id AS campaign, ad_category::String AS ad_category,
        if({thing:String} = 'ad', ad_id, article_id) AS item_id,
        multiIf({thing:String} = 'ad', decision_id, slate_id = '', session_id, slate_id) AS shown_in,
        if({thing:String} = 'ad', category::String, '') AS beside
    FROM events
    WHERE event_type = concat({thing:String}, '_impression') AND item_id != ''
        AND timestamp >= {opens_at:DateTime64(3, 'UTC')} AND timestamp < {closes_at:DateTime64(3, 'UTC')}
        AND toUnixTimestamp64Milli(timestamp) % 86400000 < 86400000 - 60000 * {window_minutes:UInt16}
        AND ({brand:String} = '' OR brand = {brand:String})
        AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
) AS i
ASOF LEFT JOIN
(
    SELECT
        timestamp,
        if({thing:String} = 'ad', ad_id, article_id) AS item_id,
        multiIf({thing:String} = 'ad', decision_id, slate_id = '', session_id, slate_id) AS shown_in
    FROM events
    WHERE event_type = concat({thing:String}, '_click') AND item_id != ''
        AND timestamp >= {opens_at:DateTime64(3, 'UTC')}
        AND timestamp < {closes_at:DateTime64(3, 'UTC')} + toIntervalMinute({window_minutes:UInt16})
        AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
) AS c
ON i.item_id = c.item_id AND i.shown_in = c.shown_in AND c.timestamp >= i.timestamp
ORDER BY i.timestamp, i.event_id
