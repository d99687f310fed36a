-- Deletes rows of exposures that are older than the limit.
-- grain: none
ALTER TABLE exposures DELETE WHERE at < {limit:DateTime64(3, 'UTC')} SETTINGS mutations_sync = 2
