-- One row per line that is not blank: the fields of its JSON object as text, or what is wrong with the line.
-- `shape` is a tuple of the source's names in the order below, whose last element holds the engagement fields.
-- grain: n
SELECT
    n,
    multiIf(
        length(line) > {longest_line:UInt64},
        concat('line has ', toString(length(line)), ' bytes, more than the limit of ', toString({longest_line:UInt64})),
        t.5 != '' OR t.6 != '', '',
        NOT isValidUTF8(line), 'line is not UTF-8 text',
        NOT isValidJSON(line), 'line is not JSON',
        JSONType(line) != 'Object', 'line is not a JSON object',
        '') AS line_problem,
    t.1 AS event_id, t.2 AS user_id, t.3 AS device_id, t.4 AS session_id, t.5 AS event_type, t.6 AS timestamp,
    t.7 AS received_at, t.8 AS brand, t.9 AS category, t.10 AS article_id, t.11 AS article_title,
    t.12 AS article_type, t.13 AS page_url, t.14 AS referrer, t.15 AS device_type, t.16 AS device_os,
    t.17 AS browser, t.18 AS user_agent, t.19 AS country, t.20 AS city, t.21 AS timezone, t.22 AS subscription_tier,
    t.23 AS user_segment, t.24 AS consent, t.25 AS slate_id, t.26 AS position, t.27 AS placement, t.28 AS propensity,
    t.29 AS decision_id, t.30 AS ad_id, t.31 AS campaign_id, t.32 AS plan, t.33 AS price_eur, t.34 AS period_end,
    t.35 AS cancel_reason, t.36 AS experiment, t.37 AS variant,
    if(t.38 = '', t.50.1, t.38) AS scroll_depth,
    if(t.39 = '', t.50.2, t.39) AS time_on_page,
    if(t.40 = '', t.50.3, t.40) AS read_progress,
    if(t.41 = '', t.50.4, t.41) AS is_article_complete,
    if(t.42 = '', t.50.5, t.42) AS video_duration,
    if(t.43 = '', t.50.6, t.43) AS playback_position,
    if(t.44 = '', t.50.7, t.44) AS search_query,
    if(t.45 = '', t.50.8, t.45) AS results_count,
    if(t.46 = '', t.50.9, t.46) AS ad_position,
    if(t.47 = '', t.50.10, t.47) AS ad_category,
    if(t.48 = '', t.50.11, t.48) AS ad_revenue,
    t.49 AS metadata,
    CAST(NULL, 'Nullable(Int64)') AS timestamp_ms,
    CAST(NULL, 'Nullable(Int64)') AS received_at_ms,
    CAST(NULL, 'Nullable(Int64)') AS period_end_ms
FROM
(
    SELECT
        n,
        line,
        JSONExtract(line, {shape:String}) AS t
    FROM {staging:Identifier}.lines
    WHERE line NOT IN ('', '\r')
)
