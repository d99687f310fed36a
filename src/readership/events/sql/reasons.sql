-- Why the rows of `typed` that could not be understood were not.
-- grain: n
WITH
    (text) -> concat('\'', substringUTF8(text, 1, 60), '\'') AS shown,
    (ms) -> if(abs(ms) < 4e12, toString(fromUnixTimestamp64Milli(assumeNotNull(ms), 'UTC')), concat(toString(ms), ' ms')) AS at_text
SELECT
    n,
    multiIf(
        bad.field != 'line' OR line_problem != '', bad.field,
        external_id = '', 'user_id',
        event_type_or_constant = '', 'event_type',
        'timestamp') AS field,
    multiIf(
        field = 'line', line_problem,
        field = 'user_id', 'is empty, and so is device_id',
        field = 'event_type', 'is empty',
        field = 'timestamp', multiIf(
            isNull(at_ms) AND timestamp = '', 'is empty',
            isNull(at_ms) AND {zone:String} = '' AND isNotNull(parseDateTime64BestEffortOrNull(timestamp, 3, 'UTC')),
                concat(shown(timestamp), ' states no time zone and the mapping gives none'),
            isNull(at_ms), concat(shown(timestamp), ' is not a time'),
            at_ms < 0, concat(at_text(at_ms), ' is before 1970'),
            received_text, concat(at_text(at_ms), ' is more than 10 minutes after received_at'),
            concat(at_text(at_ms), ' is in the future')),
        field = 'received_at', multiIf(
            isNull(stated_received_ms), concat(shown(received_at), ' is not a time'),
            stated_received_ms < 0, concat(at_text(stated_received_ms), ' is before 1970'),
            concat(at_text(stated_received_ms), ' is in the future')),
        field = 'period_end', concat(shown(period_end), ' is not a time after 1970'),
        field = 'consent', concat(shown(consent), ' is not a consent: an object, a list of purposes, or their bits'),
        field = 'is_article_complete', concat(shown(is_article_complete), ' is neither true nor false'),
        concat(shown(multiIf(
            field = 'scroll_depth', scroll_depth, field = 'time_on_page', time_on_page,
            field = 'read_progress', read_progress, field = 'video_duration', video_duration,
            field = 'playback_position', playback_position, field = 'results_count', results_count,
            field = 'ad_revenue', ad_revenue, field = 'position', position, field = 'propensity', propensity,
            price_eur)),
            multiIf(
                field IN ('scroll_depth', 'read_progress'), ' is not a number from 0 to 100',
                field = 'propensity', ' is not a number from 0 to 1',
                field = 'ad_revenue', ' is not a number',
                ' is not a number of the size this field can hold'))) AS reason,
    if(isValidUTF8(typed.raw), typed.raw, concat('base64:', base64Encode(typed.raw))) AS whole
FROM typed
INNER JOIN (SELECT n, toString(field) AS field FROM {staging:Identifier}.rows WHERE field != '') AS bad ON bad.n = typed.n
