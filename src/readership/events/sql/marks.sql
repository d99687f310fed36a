-- For each good row whose event id is no UUID: a hash of the id it has, or else of what it says.
-- grain: n
SELECT
    n,
    event_id != '' AS stated,
    reinterpretAsUInt128(if(event_id != '', MD5(event_id), sipHash128(
        external_id, session_id, event_type, ifNull(at_ms, 0), brand, category, article_id, article_title, article_type,
        page_url, referrer, device_id, device_type, device_os, browser, user_agent, country, city, timezone,
        subscription_tier, user_segment, agreed, slate_id, ifNull(place, -1), placement, ifNull(chance, -1), decision_id,
        ad_id, campaign_id, plan, ifNull(price, -1), ifNull(ends_ms, 0), cancel_reason, experiment, variant,
        ifNull(depth, -1), ifNull(seconds, -1), ifNull(progress, -1), is_complete, ifNull(duration, -1),
        ifNull(playback, -1), search_query, ifNull(results, -1), ad_position, ad_category, ifNull(revenue, 0),
        mapKeys(metadata), mapValues(metadata)))) AS content
FROM typed
WHERE n IN (SELECT n FROM {staging:Identifier}.rows WHERE field = '' AND event_id = toUUID('00000000-0000-0000-0000-000000000000'))
