-- How many readers had 1, 2 to 3, 4 to 7, … sessions in all.
-- grain: at_least
-- Readers who do not agree to analytics are left out.
SELECT toUInt32(pow(2, floor(log2(had)))) AS at_least, count() AS readers
FROM (
    SELECT user_id, count() AS had
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
GROUP BY at_least
ORDER BY at_least
