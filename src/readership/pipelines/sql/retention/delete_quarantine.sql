-- Deletes rows of quarantine that are older than the limit.
-- grain: none
ALTER TABLE quarantine DELETE WHERE at < {limit:DateTime64(3, 'UTC')} SETTINGS mutations_sync = 2
