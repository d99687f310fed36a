-- The fields of `records`, each beside its value as a number or a time (null where the text is none).
-- grain: n
WITH
    -- include times
    (name) -> transform(name, {constant_fields:Array(String)}, {constant_values:Array(String)}, '') AS constant_of,
    (text, low, high) -> ifNull(toFloat64OrNull(text) BETWEEN low AND high, 0) AS within,
    -- what stands behind a null is a number as well: later conversions see it
    (text, low, high) -> if(within(text, low, high), if(within(text, low, high), toFloat64OrZero(text), 0), NULL) AS number
SELECT
    *,
    multiIf(user_id != '', user_id, device_id != '', concat('device:', device_id), '') AS external_id,
    multiIf(
        event_type != '', event_type,
        article_id = '' AND constant_of('event_type_without_article') != '', constant_of('event_type_without_article'),
        constant_of('event_type')) AS event_type_or_constant,
    ifNull(timestamp_ms, time_ms(timestamp)) AS at_ms,
    received_at != '' OR isNotNull(received_at_ms) AS received_text,
    ifNull(received_at_ms, time_ms(received_at)) AS stated_received_ms,
    multiIf(received_text, stated_received_ms, {received_now:UInt8} = 1, {now_ms:Int64}, at_ms) AS known_ms,
    if(ifNull(stated_received_ms, -1) >= 0, assumeNotNull(stated_received_ms) + 600000, {now_ms:Int64}) AS latest_ms,
    ifNull(period_end_ms, time_ms(period_end)) AS ends_ms,
    number(scroll_depth, 0, 100) AS depth,
    number(time_on_page, 0, 4294967) AS seconds,
    number(read_progress, 0, 100) AS progress,
    number(video_duration, 0, 1e9) AS duration,
    number(playback_position, 0, 1e9) AS playback,
    number(results_count, 0, 4294967295) AS results,
    number(ad_revenue, -1e12, 1e12) AS revenue,
    number(position, 0, 65535) AS place,
    number(propensity, 0, 1) AS chance,
    number(price_eur, 0, 1e12) AS price,
    transform(lower(is_article_complete), ['', 'false', '0', 'true', '1'], [0, 0, 0, 1, 1], 2) AS is_complete,
    toLowCardinality(user_agent) AS agent,
    toLowCardinality(consent) AS agreement,
    JSONExtract(agreement, 'Tuple(analytics String, personalisation String, advertising String, marketing String)') AS says,
    JSONExtract(agreement, 'Array(String)') AS list,
    multiIf(
        agreement = '', 0,
        agreement IN ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12', '13', '14', '15'), toUInt8OrZero(agreement),
        startsWith(agreement, '{') AND isValidJSON(agreement),
            (says.analytics IN ('true', '1')) + 2 * (says.personalisation IN ('true', '1'))
                + 4 * (says.advertising IN ('true', '1')) + 8 * (says.marketing IN ('true', '1')),
        startsWith(agreement, '[') AND isValidJSON(agreement),
            has(list, 'analytics') + 2 * has(list, 'personalisation') + 4 * has(list, 'advertising') + 8 * has(list, 'marketing'),
        255) AS agreed
FROM records
