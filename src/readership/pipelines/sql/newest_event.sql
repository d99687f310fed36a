-- How many events there are, and when the newest happened or was received.
-- grain: one row
SELECT count() AS events, greatest(max(timestamp), max(received_at)) AS newest FROM events
