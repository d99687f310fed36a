-- Adds, for each reader and type of event, a copy of the latest event before as_of that happens and arrives at other times.
-- grain: event_id
INSERT INTO events
SELECT * REPLACE
(
    reinterpretAsUUID(MD5(concat(toString(event_id), {mark:String}))) AS event_id,
    if(session_id = '', '', concat(session_id, {mark:String})) AS session_id,
    {happened_at:DateTime64(3, 'UTC')} AS timestamp,
    {known_at:DateTime64(3, 'UTC')} AS received_at
)
FROM
(
    SELECT * FROM events
    WHERE timestamp < {as_of:DateTime64(3, 'UTC')} AND received_at <= {as_of:DateTime64(3, 'UTC')}
    ORDER BY timestamp DESC, event_id
    LIMIT 1 BY user_id, event_type
)
