-- How many events hold a value that cannot be.
-- grain: one row
-- Readers who do not agree to analytics are left out.
SELECT
    countIf(timestamp > received_at + INTERVAL 10 MINUTE) AS happened_after_it_was_received,
    countIf(timestamp < toDateTime64('2000-01-01 00:00:00', 3, 'UTC')) AS before_the_year_2000,
    countIf(engaged_ms > 4 * 3600 * 1000) AS read_one_page_for_more_than_four_hours,
    countIf(scroll_depth < 0 OR scroll_depth > 100) AS scroll_depth_outside_0_to_100,
    countIf(read_progress < 0 OR read_progress > 100) AS read_progress_outside_0_to_100,
    countIf(playback_position > video_duration + 1) AS played_beyond_the_end_of_a_video,
    countIf(propensity <= 0 OR propensity > 1) AS propensity_outside_0_to_1,
    countIf(price_eur < 0) AS negative_price,
    countIf(ad_revenue_micros < 0) AS negative_ad_revenue,
    countIf(user_id = 0) AS reader_0
FROM events
WHERE received_at <= {as_of:DateTime64(3,'UTC')}
  AND user_id NOT IN (
      SELECT user_id FROM session_versions
      WHERE known_at <= {as_of:DateTime64(3,'UTC')} AND tombstone = 0
      GROUP BY user_id
      HAVING bitAnd(coalesce(
          argMaxIf(consent, (session_end, row_id), consent IS NOT NULL), {default_consent:UInt8}), 1) = 0)
