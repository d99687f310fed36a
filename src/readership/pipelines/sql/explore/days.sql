-- Events and readers on every UTC day that has any.
-- grain: day
-- Readers who do not agree to analytics are left out.
SELECT toDate(timestamp) AS day, count() AS events, uniqExact(user_id) AS readers
FROM events
WHERE received_at <= {as_of:DateTime64(3,'UTC')}
  AND user_id NOT IN (
      SELECT user_id FROM session_versions
      WHERE known_at <= {as_of:DateTime64(3,'UTC')} AND tombstone = 0
      GROUP BY user_id
      HAVING bitAnd(coalesce(
          argMaxIf(consent, (session_end, row_id), consent IS NOT NULL), {default_consent:UInt8}), 1) = 0)
GROUP BY day
ORDER BY day
