-- How many rows the warehouse holds that a simulated world would mix with.
SELECT
    (SELECT count() FROM events), (SELECT count() FROM articles), (SELECT count() FROM subscriptions),
    (SELECT count() FROM ads), (SELECT count() FROM outages), (SELECT count() FROM quarantine)
