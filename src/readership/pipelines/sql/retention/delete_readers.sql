-- Deletes who stands behind numbers that no row bears any more.
-- grain: none
ALTER TABLE readers
DELETE WHERE received_at < {limit:DateTime64(3, 'UTC')} AND user_id NOT IN (SELECT user_id FROM events)
    AND user_id NOT IN (SELECT user_id FROM session_versions) AND user_id NOT IN (SELECT user_id FROM subscriptions)
SETTINGS mutations_sync = 2
