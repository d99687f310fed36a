-- Sessions begun in every hour of the week, on the readers' own clocks.
-- grain: weekday (1 Monday … 7 Sunday), hour
-- Readers who do not agree to analytics are left out.
SELECT toDayOfWeek(local_day) AS weekday, local_hour AS hour, count() AS sessions
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
GROUP BY weekday, hour
ORDER BY weekday, hour
