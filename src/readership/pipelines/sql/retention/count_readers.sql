-- How many readers were last heard of before the limit, and have neither events nor paid periods any more.
-- grain: one row
SELECT count() FROM readers
WHERE received_at < {limit:DateTime64(3, 'UTC')} AND user_id NOT IN (SELECT user_id FROM events)
    AND user_id NOT IN (SELECT user_id FROM session_versions) AND user_id NOT IN (SELECT user_id FROM subscriptions)
