-- Event types of the chunk that are none of the contract's; they are kept.
-- grain: event_type
SELECT event_type, count() AS rows
FROM {staging:Identifier}.rows
WHERE field = '' AND event_type NOT IN {known:Array(String)}
GROUP BY event_type
ORDER BY rows DESC, event_type
