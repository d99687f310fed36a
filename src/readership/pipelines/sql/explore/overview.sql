-- What is known by as_of: how much there is, and since when.
-- grain: one row
-- Readers who do not agree to analytics are left out.
SELECT
    count() AS events,
    uniqExact(user_id) AS readers,
    uniqExact(article_id) - max(article_id = '') AS articles,
    min(timestamp) AS first,
    max(timestamp) AS last,
    uniqExact(toDate(timestamp)) AS days_with_events
FROM events
WHERE received_at <= {as_of:DateTime64(3,'UTC')}
  AND user_id NOT IN (
      SELECT user_id FROM session_versions
      WHERE known_at <= {as_of:DateTime64(3,'UTC')} AND tombstone = 0
      GROUP BY user_id
      HAVING bitAnd(coalesce(
          argMaxIf(consent, (session_end, row_id), consent IS NOT NULL), {default_consent:UInt8}), 1) = 0)
