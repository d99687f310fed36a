-- Deletes rows of predictions that are older than the limit.
-- grain: none
ALTER TABLE predictions DELETE WHERE at < {limit:DateTime64(3, 'UTC')} SETTINGS mutations_sync = 2
