-- The shape of sessions: how many, how long, how much is read.
-- grain: one row
-- Readers who do not agree to analytics are left out.
SELECT
    count() AS sessions,
    quantilesTDigest(0.1, 0.25, 0.5, 0.75, 0.9)(dateDiff('second', session_start, session_end)) AS seconds,
    quantilesTDigest(0.1, 0.25, 0.5, 0.75, 0.9)(article_views) AS article_views,
    countIf(total_events = 1) AS of_one_event,
    countIf(dateDiff('hour', session_start, session_end) >= 12) AS over_twelve_hours,
    countIf(engaged_events > 0) AS with_reading_time,
    uniqExact(timezone) - max(timezone = '') AS timezones
FROM session_versions
WHERE known_at <= {as_of:DateTime64(3,'UTC')}
  AND session_end < {as_of:DateTime64(3,'UTC')}
  AND tombstone = 0
  AND row_id NOT IN (
      SELECT replaces FROM session_versions WHERE replaces != 0 AND known_at <= {as_of:DateTime64(3,'UTC')})
  AND user_id NOT IN (
      SELECT user_id FROM session_versions
      WHERE known_at <= {as_of:DateTime64(3,'UTC')} AND tombstone = 0
      GROUP BY user_id
      HAVING bitAnd(coalesce(
          argMaxIf(consent, (session_end, row_id), consent IS NOT NULL), {default_consent:UInt8}), 1) = 0)
