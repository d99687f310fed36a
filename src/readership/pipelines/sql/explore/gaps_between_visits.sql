-- Days between a reader's visits (days with a session), how often each occurs.
-- grain: days (91: longer than 90)
-- Readers who do not agree to analytics are left out.
SELECT least(gap, 91) AS days, count() AS visits
FROM (
    SELECT arrayJoin(arrayPopFront(arrayDifference(arraySort(groupUniqArray(toUInt16(local_day)))))) AS gap
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
GROUP BY days
ORDER BY days
