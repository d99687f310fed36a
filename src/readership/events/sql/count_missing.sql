-- How many rows of the chunk lack a field that every event has.
-- grain: field
SELECT field, count() AS rows
FROM {staging:Identifier}.reasons
WHERE field IN ('user_id', 'event_type', 'timestamp') AND startsWith(reason, 'is empty')
GROUP BY field
