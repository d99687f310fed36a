-- How many rows of quarantine are older than the limit.
-- grain: one row
SELECT count() FROM quarantine WHERE at < {limit:DateTime64(3, 'UTC')}
