-- How many paid periods are known.
-- grain: one row
SELECT count() FROM subscriptions
