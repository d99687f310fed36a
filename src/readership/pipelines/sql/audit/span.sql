-- One row: how long and how large the log is.
-- grain: one row
SELECT
    count() AS events,
    uniqExact(user_id) AS readers,
    min(timestamp) AS first_at,
    max(timestamp) AS last_at
FROM events
