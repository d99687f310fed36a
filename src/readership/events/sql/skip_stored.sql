-- Rows whose event is stored already: what is stored stays. The set in memory is of this chunk, not of the store.
-- grain: n
INSERT INTO {staging:Identifier}.skip
SELECT n
FROM {staging:Identifier}.{rows:Identifier}
WHERE field = '' AND event_id IN
(
    SELECT event_id FROM events
    WHERE event_id IN (SELECT event_id FROM {staging:Identifier}.{rows:Identifier} WHERE field = '')
)
