-- New versions of sessions, summed up from their events.
-- grain: row_id    leakage rule: only events of the version (first_ms to last_ms, known by through_ms)
INSERT INTO session_versions
    (row_id, replaces, version, tombstone, known_at, loaded_at, batch_id, session_id, user_id, brand, country, city,
     device_type, device_os, browser, subscription_tier, user_segment, referrer, timezone,
     utc_offset_minutes, local_day, local_hour, registered, consent, session_start, session_end, total_events,
     article_views, article_clicks, article_completes, article_impressions, video_plays, newsletter_signups,
     ad_impressions, ad_clicks, ad_revenue_micros, searches, subscription_prompts, subscription_starts,
     subscription_renewals, subscription_cancels, payment_failures, engaged_ms, engaged_events, scroll_depth_sum,
     scroll_events, pages_visited_count, unique_pages_count, categories, article_ids, article_titles, page_urls)
SETTINGS max_partitions_per_insert_block = 0
WITH
    new AS
    (
        SELECT * FROM {staging:Identifier}.spans
        WHERE tombstone = 0
            AND row_id NOT IN (SELECT row_id FROM session_versions
                WHERE user_id BETWEEN {least_reader:UInt64} AND {greatest_reader:UInt64})
    ),
    member AS
    (
        SELECT
            event.*,
            arrayJoin(arrayFilter(
                span -> at_ms >= span.2 AND at_ms <= span.3 AND known_ms <= span.4, run.spans)).1 AS row_id
        FROM
        (
            SELECT
                *,
                toUnixTimestamp64Milli(timestamp) AS at_ms,
                greatest(toUnixTimestamp64Milli(received_at), at_ms + 1) AS known_ms,
                toUInt64(at_ms) * 1048576 + sipHash64(event_id) % 1048576 AS place_in_time
            FROM events
            WHERE origin = '' AND user_id BETWEEN {least_reader:UInt64} AND {greatest_reader:UInt64}
                AND user_id IN (SELECT user_id FROM new)
        ) AS event
        ASOF INNER JOIN
        (
            SELECT user_id, source_id, run_ms, groupArray((row_id, first_ms, last_ms, through_ms)) AS spans
            FROM new
            GROUP BY user_id, source_id, run_ms
        ) AS run
        ON run.user_id = event.user_id AND run.source_id = event.session_id AND run.run_ms <= event.at_ms
    ),
    summed AS
    (
        SELECT
            row_id,
            argMinIf(m.brand, m.place_in_time, m.brand != '') AS brand,
            argMinIf(m.country, m.place_in_time, m.country != '') AS country,
            argMinIf(m.city, m.place_in_time, m.city != '') AS city,
            argMinIf(m.device_type, m.place_in_time, m.device_type != '') AS device_type,
            argMinIf(m.device_os, m.place_in_time, m.device_os != '') AS device_os,
            argMinIf(m.browser, m.place_in_time, m.browser != '') AS browser,
            argMaxIf(m.subscription_tier, m.place_in_time, m.subscription_tier != '') AS subscription_tier,
            argMaxIf(m.user_segment, m.place_in_time, m.user_segment != '') AS user_segment,
            argMinIf(m.referrer, m.place_in_time, m.referrer != '') AS referrer,
            argMinIf(m.timezone, m.place_in_time, m.timezone != '') AS timezone,
            max(m.event_type IN ('registration', 'login') OR m.subscription_tier != '') AS registered,
            argMaxIf(m.consent, m.place_in_time, isNotNull(m.consent)) AS consent,
            min(m.timestamp) AS session_start,
            max(m.timestamp) AS session_end,
            count() AS total_events,
            countIf(m.event_type = 'article_view') AS article_views,
            countIf(m.event_type = 'article_click') AS article_clicks,
            uniqExactIf(m.article_id, m.event_type = 'article_complete' OR m.is_article_complete = 1) AS article_completes,
            countIf(m.event_type = 'article_impression') AS article_impressions,
            countIf(m.event_type = 'video_play') AS video_plays,
            countIf(m.event_type = 'newsletter_signup') AS newsletter_signups,
            countIf(m.event_type = 'ad_impression') AS ad_impressions,
            countIf(m.event_type = 'ad_click') AS ad_clicks,
            sum(ifNull(m.ad_revenue_micros, 0)) AS ad_revenue_micros,
            countIf(m.event_type = 'search') AS searches,
            countIf(m.event_type = 'subscription_prompt') AS subscription_prompts,
            countIf(m.event_type = 'subscription_start') AS subscription_starts,
            countIf(m.event_type = 'subscription_renewal') AS subscription_renewals,
            countIf(m.event_type = 'subscription_cancel') AS subscription_cancels,
            countIf(m.event_type = 'payment_failed') AS payment_failures,
            sum(ifNull(m.engaged_ms, 0)) AS engaged_ms,
            countIf(isNotNull(m.engaged_ms)) AS engaged_events,
            sum(toUInt64(ifNull(round(m.scroll_depth), 0))) AS scroll_depth_sum,
            countIf(isNotNull(m.scroll_depth)) AS scroll_events,
            countIf(m.event_type IN ('article_view', 'navigation')) AS pages_visited_count,
            uniqExactIf(if(m.page_url != '', m.page_url, m.article_id), m.event_type IN ('article_view', 'navigation')) AS unique_pages_count,
            arraySort(groupArrayIf(
                (m.place_in_time, m.category, m.article_id, m.article_title), m.event_type = 'article_view')) AS viewed,
            arraySort(groupArrayIf(
                (m.place_in_time, m.page_url), m.event_type IN ('article_view', 'navigation') AND m.page_url != '')) AS pages
        FROM member AS m
        GROUP BY row_id
    ),
    stored AS
    (
        SELECT user_id, session_id, max(version) AS version
        FROM session_versions
        WHERE tombstone = 0 AND user_id IN (SELECT user_id FROM new) AND session_id IN (SELECT session_id FROM new)
        GROUP BY user_id, session_id
    ),
    numbered AS
    (
        SELECT
            new.*,
            stored.version + row_number() OVER (PARTITION BY new.user_id, new.session_id ORDER BY new.known_ms) AS version
        FROM new
        LEFT JOIN stored ON stored.user_id = new.user_id AND stored.session_id = new.session_id
    )
SELECT
    numbered.row_id, numbered.replaces, numbered.version, 0, fromUnixTimestamp64Milli(numbered.known_ms, 'UTC'), now64(3),
    {batch:String}, numbered.session_id, numbered.user_id, brand, country, city, device_type, device_os, browser,
    subscription_tier, user_segment, referrer, summed.timezone, zone.utc_offset_minutes,
    toDate(addMinutes(session_start, zone.utc_offset_minutes)), toHour(addMinutes(session_start, zone.utc_offset_minutes)),
    registered, consent, session_start, session_end, total_events, article_views, article_clicks, article_completes,
    article_impressions, video_plays, newsletter_signups, ad_impressions, ad_clicks, ad_revenue_micros, searches,
    subscription_prompts, subscription_starts, subscription_renewals, subscription_cancels, payment_failures,
    engaged_ms, engaged_events, scroll_depth_sum, scroll_events, pages_visited_count, unique_pages_count,
    arrayFilter(category -> category != '', arrayMap(view -> view.2, viewed)),
    arrayMap(view -> view.3, viewed),
    arrayMap(view -> view.4, viewed),
    arrayMap(page -> page.2, pages)
FROM summed
INNER JOIN numbered ON numbered.row_id = summed.row_id
ASOF LEFT JOIN (SELECT timezone, starts_at, utc_offset_minutes FROM zone_offsets FINAL) AS zone
    ON zone.timezone = summed.timezone AND zone.starts_at <= summed.session_start
