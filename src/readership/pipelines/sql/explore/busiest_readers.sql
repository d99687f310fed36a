-- How many readers had more events on one day than a person makes, and how many events those are.
-- grain: one row
-- Readers who do not agree to analytics are left out.
SELECT uniqExact(user_id) AS readers, sum(made) AS events, max(made) AS most
FROM (
    SELECT user_id, count() AS made
    FROM events
    WHERE received_at <= {as_of:DateTime64(3,'UTC')}
      AND user_id NOT IN (
          SELECT user_id FROM session_versions
          WHERE known_at <= {as_of:DateTime64(3,'UTC')} AND tombstone = 0
          GROUP BY user_id
          HAVING bitAnd(coalesce(
              argMaxIf(consent, (session_end, row_id), consent IS NOT NULL), {default_consent:UInt8}), 1) = 0)
    GROUP BY user_id, toDate(timestamp)
    HAVING made > {most_events:UInt32})
