-- How long after it happened an event was known.
-- grain: one row
-- Readers who do not agree to analytics are left out.
SELECT
    countIf(received_at != timestamp) AS with_own_time,
    countIf(received_at > timestamp + INTERVAL 1 MINUTE) AS over_a_minute,
    countIf(received_at > timestamp + INTERVAL 1 HOUR) AS over_an_hour,
    countIf(received_at > timestamp + INTERVAL 1 DAY) AS over_a_day,
    countIf(received_at > timestamp + INTERVAL 7 DAY) AS over_a_week,
    max(dateDiff('second', timestamp, received_at)) AS latest_seconds
FROM events
WHERE received_at <= {as_of:DateTime64(3,'UTC')}
  AND user_id NOT IN (
      SELECT user_id FROM session_versions
      WHERE known_at <= {as_of:DateTime64(3,'UTC')} AND tombstone = 0
      GROUP BY user_id
      HAVING bitAnd(coalesce(
          argMaxIf(consent, (session_end, row_id), consent IS NOT NULL), {default_consent:UInt8}), 1) = 0)
