-- How many events of each type carry each field.
-- grain: event_type
-- Readers who do not agree to analytics are left out.
SELECT
    event_type,
    count() AS events,
    countIf(device_id != '') AS device_id,
    countIf(session_id != '') AS session_id,
    countIf(brand != '') AS brand,
    countIf(category != '') AS category,
    countIf(article_id != '') AS article_id,
    countIf(article_title != '') AS article_title,
    countIf(article_type != '') AS article_type,
    countIf(page_url != '') AS page_url,
    countIf(referrer != '') AS referrer,
    countIf(device_type != '') AS device_type,
    countIf(device_os != '') AS device_os,
    countIf(browser != '') AS browser,
    countIf(country != '') AS country,
    countIf(city != '') AS city,
    countIf(timezone != '') AS timezone,
    countIf(subscription_tier != '') AS subscription_tier,
    countIf(user_segment != '') AS user_segment,
    countIf(search_query != '') AS search_query,
    countIf(ad_position != '') AS ad_position,
    countIf(ad_category != '') AS ad_category,
    countIf(slate_id != '') AS slate_id,
    countIf(placement != '') AS placement,
    countIf(decision_id != '') AS decision_id,
    countIf(ad_id != '') AS ad_id,
    countIf(campaign_id != '') AS campaign_id,
    countIf(plan != '') AS plan,
    countIf(cancel_reason != '') AS cancel_reason,
    countIf(experiment != '') AS experiment,
    countIf(variant != '') AS variant,
    count(consent) AS consent,
    count(engaged_ms) AS engaged_ms,
    count(scroll_depth) AS scroll_depth,
    count(read_progress) AS read_progress,
    count(is_article_complete) AS is_article_complete,
    count(video_duration) AS video_duration,
    count(playback_position) AS playback_position,
    count(results_count) AS results_count,
    count(ad_revenue_micros) AS ad_revenue_micros,
    count(position) AS position,
    count(propensity) AS propensity,
    count(price_eur) AS price_eur,
    count(period_end) AS period_end
FROM events
WHERE received_at <= {as_of:DateTime64(3,'UTC')}
  AND user_id NOT IN (
      SELECT user_id FROM session_versions
      WHERE known_at <= {as_of:DateTime64(3,'UTC')} AND tombstone = 0
      GROUP BY user_id
      HAVING bitAnd(coalesce(
          argMaxIf(consent, (session_end, row_id), consent IS NOT NULL), {default_consent:UInt8}), 1) = 0)
GROUP BY event_type
ORDER BY events DESC, event_type
