-- How many rows of predictions are older than the limit.
-- grain: one row
SELECT count() FROM predictions WHERE at < {limit:DateTime64(3, 'UTC')}
