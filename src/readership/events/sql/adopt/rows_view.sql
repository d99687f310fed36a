-- The batch's sessions in the shape in which readers are noted.
-- grain: n
CREATE VIEW rows AS
SELECT
    n, '' AS field, external_id, user_id, if(registered = 1, 'login', 'session_end') AS event_type,
    fromUnixTimestamp64Milli(start_ms, 'UTC') AS timestamp, fromUnixTimestamp64Milli(end_ms, 'UTC') AS received_at,
    subscription_tier, timezone, brand, consent
FROM sessions
WHERE field = ''
