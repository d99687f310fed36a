-- Of the readers seen in each calendar month, how many had been seen before, and how many came back the month after.
-- grain: month
-- Readers who do not agree to analytics are left out.
SELECT month, count() AS readers, countIf(month = first_month) AS new, countIf(has(months, addMonths(month, 1))) AS returned
FROM (
    SELECT user_id, groupUniqArray(toStartOfMonth(local_day)) AS months, min(toStartOfMonth(local_day)) AS first_month
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
    GROUP BY user_id)
ARRAY JOIN months AS month
GROUP BY month
ORDER BY month
