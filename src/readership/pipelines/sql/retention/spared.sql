-- Events before the limit, of a visit that goes on across it.
-- grain: event_id
INSERT INTO {staging:Identifier}.spared
SELECT event_id
FROM events
INNER JOIN {staging:Identifier}.begins AS begins ON begins.user_id = events.user_id
WHERE timestamp < {limit:DateTime64(3, 'UTC')} AND toUnixTimestamp64Milli(timestamp) >= begin_ms
