-- Rows of each type of event. Reads `source`.
-- grain: event_type
SELECT event_type, count() AS rows FROM source GROUP BY event_type ORDER BY rows DESC, event_type LIMIT 1000
