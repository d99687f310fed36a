-- How many subscriptions have started, as far as the log says.
-- grain: one row
SELECT count() FROM events WHERE event_type = 'subscription_start'
