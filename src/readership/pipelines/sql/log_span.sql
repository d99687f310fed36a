-- What the log holds: events, readers, first and last time.
-- grain: one row
SELECT count() AS events, uniqExact(user_id) AS readers, min(timestamp) AS first, max(timestamp) AS last
FROM events
WHERE loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
