-- Every impression, click and view of an item in the days before closes_tick, with the tick from which each is known.
-- grain: event_id    leakage rule: a row counts from the first tick (10 minutes) with timestamp < tick and received_at <= tick; loaded_at <= snapshot_at
-- Items are articles, or ads where thing is 'ad'. Author and topics are those of the newest version of the article
-- known when the event happened; everything else is the event's own. Sums are over integers: expected_micros are
-- millionths of the clicks an average item gets in that place.
SELECT
    e.user_id AS user_id,
    e.item_id AS item_id,
    greatest(
        {opens_tick:Int64},
        greatest(intDiv(toUnixTimestamp64Milli(e.timestamp), 600000) + 1, intDiv(toUnixTimestamp64Milli(e.received_at) + 599999, 600000))
    ) AS tick,
    e.is_impression AS is_impression,
    e.is_click AS is_click,
    if(e.is_impression, transform(concat(e.placement, '|', e.device_type, '|', toString(coalesce(e.position, 0))), {places:Array(String)}, {rates:Array(Int64)}, {usual_rate:Int64}), 0) AS expected_micros,
    if({thing:String} = 'ad',
        [('campaign', e.campaign_id), ('ad_category', e.ad_category)],
        arrayConcat(
            [('author', concat(e.brand, '|', a.author)), ('category', e.category), ('type', e.article_type)],
            arrayMap(topic -> ('topic', topic::String), a.topics))) AS traits,
    e.subscription_tier AS tier,
    toUnixTimestamp64Milli(e.timestamp) AS at_ms
FROM
(
    SELECT
        user_id, article_id, if({thing:String} = 'ad', ad_id, article_id) AS item_id, brand::String AS brand,
        category::String AS category, article_type::String AS article_type, campaign_id,
        ad_category::String AS ad_category, timestamp, received_at, placement, device_type, position,
        subscription_tier::String AS subscription_tier,
        event_type = concat({thing:String}, '_impression') AS is_impression,
        event_type = concat({thing:String}, '_click') AS is_click
    FROM events
    WHERE event_type IN (concat({thing:String}, '_impression'), concat({thing:String}, '_click'), concat({thing:String}, '_view'))
        AND timestamp >= fromUnixTimestamp64Milli(({opens_tick:Int64} - {lookback_ticks:Int64}) * 600000, 'UTC')
        AND timestamp < fromUnixTimestamp64Milli({closes_tick:Int64} * 600000, 'UTC')
        AND received_at <= fromUnixTimestamp64Milli({closes_tick:Int64} * 600000, 'UTC')
        AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
) AS e
ASOF LEFT JOIN
(
    SELECT article_id, author, topics, greatest(received_at, valid_from) AS known_from
    FROM articles
    WHERE loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
) AS a
ON e.article_id = a.article_id AND e.timestamp >= a.known_from
WHERE e.item_id != ''
