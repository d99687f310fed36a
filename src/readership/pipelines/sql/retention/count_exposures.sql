-- How many rows of exposures are older than the limit.
-- grain: one row
SELECT count() FROM exposures WHERE at < {limit:DateTime64(3, 'UTC')}
