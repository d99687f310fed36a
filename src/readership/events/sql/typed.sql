-- The fields of `records`, each beside its value as a number or a time (null where the text is none).
-- grain: n
WITH
    (number) -> if(
        {time_format:String} = 'epoch_seconds' OR ({time_format:String} = 'auto' AND abs(number) < 1e11),
        number * 1000, number) AS in_ms,
    (number) -> if(isFinite(number) AND abs(in_ms(number)) < 1e13, toInt64(round(in_ms(number))), NULL) AS epoch_ms,
    (text) -> multiIf(
        text = '', NULL,
        {time_pattern:String} != '',
            toUnixTimestamp64Milli(toDateTime64(parseDateTimeOrNull(text, {time_pattern:String}, {zone_or_utc:String}), 3)),
        isNotNull(toFloat64OrNull(text)), epoch_ms(toFloat64OrZero(text)),
        {time_format:String} != 'auto', NULL,
        {zone:String} = '' AND NOT match(text, '(?i)(z|utc|gmt|[+-][0-9]{2}:?[0-9]{2})$'), NULL,
        toUnixTimestamp64Milli(parseDateTime64BestEffortOrNull(text, 3, {zone_or_utc:String}))) AS time_ms
SELECT
    *,
    multiIf(user_id != '', user_id, device_id != '', concat('device:', device_id), '') AS external_id,
    if(event_type = '', transform('event_type', {constant_fields:Array(String)}, {constant_values:Array(String)}, ''), event_type) AS event_type_or_constant,
    ifNull(timestamp_ms, time_ms(timestamp)) AS at_ms,
    received_at != '' OR isNotNull(received_at_ms) AS received_text,
    ifNull(received_at_ms, time_ms(received_at)) AS stated_received_ms,
    multiIf(received_text, stated_received_ms, {received_now:UInt8} = 1, {now_ms:Int64}, at_ms) AS known_ms,
    if(received_text, ifNull(stated_received_ms, 0) + 600000, {now_ms:Int64}) AS latest_ms,
    ifNull(period_end_ms, time_ms(period_end)) AS ends_ms,
    toFloat64OrNull(scroll_depth) AS depth,
    toFloat64OrNull(time_on_page) AS seconds,
    toFloat64OrNull(read_progress) AS progress,
    toFloat64OrNull(video_duration) AS duration,
    toFloat64OrNull(playback_position) AS playback,
    toFloat64OrNull(results_count) AS results,
    toFloat64OrNull(ad_revenue) AS revenue,
    toFloat64OrNull(position) AS place,
    toFloat64OrNull(propensity) AS chance,
    toFloat64OrNull(price_eur) AS price,
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
