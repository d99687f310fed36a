-- One row per line that is not blank: the fields of its JSON object as text.
-- `shape` is the source's object as a tuple (of the fields that occur in the chunk), `unnamed` the same without names,
-- `named` the same with ours; a field that does not occur is '' for the whole chunk, which costs nothing further on.
-- grain: n
SELECT
    n,
    line AS raw,
    multiMatchAny(line, {absent:Array(String)}) AS unexpected,
    length(line) > {longest_line:UInt64} OR (event_type = '' AND timestamp = '') AS line_suspect,
    multiIf(
        length(line) > {longest_line:UInt64},
        concat('line has ', toString(length(line)), ' bytes, more than the limit of ', toString({longest_line:UInt64})),
        NOT isValidUTF8(line), 'line is not UTF-8 text',
        NOT isValidJSON(line), 'line is not JSON',
        JSONType(line) != 'Object', 'line is not a JSON object',
        '') AS line_problem,
    tupleElement(t, 'event_id', '') AS event_id, tupleElement(t, 'user_id', '') AS user_id,
    tupleElement(t, 'device_id', '') AS device_id, tupleElement(t, 'session_id', '') AS session_id,
    tupleElement(t, 'event_type', '') AS event_type, tupleElement(t, 'timestamp', '') AS timestamp,
    tupleElement(t, 'received_at', '') AS received_at, tupleElement(t, 'brand', '') AS brand,
    tupleElement(t, 'category', '') AS category, tupleElement(t, 'article_id', '') AS article_id,
    tupleElement(t, 'article_title', '') AS article_title, tupleElement(t, 'article_type', '') AS article_type,
    tupleElement(t, 'page_url', '') AS page_url, tupleElement(t, 'referrer', '') AS referrer,
    tupleElement(t, 'device_type', '') AS device_type, tupleElement(t, 'device_os', '') AS device_os,
    tupleElement(t, 'browser', '') AS browser, tupleElement(t, 'user_agent', '') AS user_agent,
    tupleElement(t, 'country', '') AS country, tupleElement(t, 'city', '') AS city,
    tupleElement(t, 'timezone', '') AS timezone, tupleElement(t, 'subscription_tier', '') AS subscription_tier,
    tupleElement(t, 'user_segment', '') AS user_segment, tupleElement(t, 'consent', '') AS consent,
    tupleElement(t, 'slate_id', '') AS slate_id, tupleElement(t, 'position', '') AS position,
    tupleElement(t, 'placement', '') AS placement, tupleElement(t, 'propensity', '') AS propensity,
    tupleElement(t, 'decision_id', '') AS decision_id, tupleElement(t, 'ad_id', '') AS ad_id,
    tupleElement(t, 'campaign_id', '') AS campaign_id, tupleElement(t, 'plan', '') AS plan,
    tupleElement(t, 'price_eur', '') AS price_eur, tupleElement(t, 'period_end', '') AS period_end,
    tupleElement(t, 'cancel_reason', '') AS cancel_reason, tupleElement(t, 'experiment', '') AS experiment,
    tupleElement(t, 'variant', '') AS variant,
    if(tupleElement(t, 'scroll_depth', '') = '', tupleElement(t, 'nested.scroll_depth', ''), tupleElement(t, 'scroll_depth', '')) AS scroll_depth,
    if(tupleElement(t, 'time_on_page', '') = '', tupleElement(t, 'nested.time_on_page', ''), tupleElement(t, 'time_on_page', '')) AS time_on_page,
    if(tupleElement(t, 'read_progress', '') = '', tupleElement(t, 'nested.read_progress', ''), tupleElement(t, 'read_progress', '')) AS read_progress,
    if(tupleElement(t, 'is_article_complete', '') = '', tupleElement(t, 'nested.is_article_complete', ''), tupleElement(t, 'is_article_complete', '')) AS is_article_complete,
    if(tupleElement(t, 'video_duration', '') = '', tupleElement(t, 'nested.video_duration', ''), tupleElement(t, 'video_duration', '')) AS video_duration,
    if(tupleElement(t, 'playback_position', '') = '', tupleElement(t, 'nested.playback_position', ''), tupleElement(t, 'playback_position', '')) AS playback_position,
    if(tupleElement(t, 'search_query', '') = '', tupleElement(t, 'nested.search_query', ''), tupleElement(t, 'search_query', '')) AS search_query,
    if(tupleElement(t, 'results_count', '') = '', tupleElement(t, 'nested.results_count', ''), tupleElement(t, 'results_count', '')) AS results_count,
    if(tupleElement(t, 'ad_position', '') = '', tupleElement(t, 'nested.ad_position', ''), tupleElement(t, 'ad_position', '')) AS ad_position,
    if(tupleElement(t, 'ad_category', '') = '', tupleElement(t, 'nested.ad_category', ''), tupleElement(t, 'ad_category', '')) AS ad_category,
    if(tupleElement(t, 'ad_revenue', '') = '', tupleElement(t, 'nested.ad_revenue', ''), tupleElement(t, 'ad_revenue', '')) AS ad_revenue,
    tupleElement(t, 'metadata', CAST(map(), 'Map(String, String)')) AS metadata,
    CAST(NULL, 'Nullable(Int64)') AS timestamp_ms,
    CAST(NULL, 'Nullable(Int64)') AS received_at_ms,
    CAST(NULL, 'Nullable(Int64)') AS period_end_ms
FROM
(
    SELECT
        n,
        line,
        flattenTuple(CAST(CAST(JSONExtract(line, {shape:String}), {unnamed:String}), {named:String})) AS t
    FROM {staging:Identifier}.{lines:Identifier}
    WHERE line NOT IN ('', '\r')
)
