-- Removes readers of whom nothing is left.
-- grain: user_id
ALTER TABLE readers DELETE WHERE user_id NOT IN (SELECT user_id FROM events) SETTINGS mutations_sync = 1
