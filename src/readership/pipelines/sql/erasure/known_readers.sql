-- The publisher's own ids of all readers.
-- grain: user_id
SELECT DISTINCT user_id, external_id FROM readers
