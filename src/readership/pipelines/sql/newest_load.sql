-- One row: when the newest row that features or labels read was loaded.
-- grain: one row
SELECT greatest(
    (SELECT max(loaded_at) FROM events),
    (SELECT max(loaded_at) FROM session_versions),
    (SELECT max(loaded_at) FROM subscriptions),
    (SELECT max(loaded_at) FROM ads),
    (SELECT max(loaded_at) FROM outages)
) AS newest_load
