-- The longest spans without any event, longest first.
-- grain: begins
-- Readers who do not agree to analytics are left out.
SELECT
    toDateTime64(previous, 3, 'UTC') AS begins, toDateTime64(hour, 3, 'UTC') AS ends,
    dateDiff('hour', previous, hour) - 1 AS silent_hours
FROM (
    SELECT
        hour, lagInFrame(hour) OVER (ORDER BY hour ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS previous,
        row_number() OVER (ORDER BY hour) AS place
    FROM (
        SELECT DISTINCT toStartOfHour(timestamp) AS hour
        FROM events
        WHERE received_at <= {as_of:DateTime64(3,'UTC')}
          AND user_id NOT IN (
              SELECT user_id FROM session_versions
              WHERE known_at <= {as_of:DateTime64(3,'UTC')} AND tombstone = 0
              GROUP BY user_id
              HAVING bitAnd(coalesce(
                  argMaxIf(consent, (session_end, row_id), consent IS NOT NULL), {default_consent:UInt8}), 1) = 0)))
WHERE place > 1 AND silent_hours >= 1
ORDER BY silent_hours DESC, begins
LIMIT 5
