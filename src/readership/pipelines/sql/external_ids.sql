-- One row per reader: the publisher's own id.
-- grain: user_id
SELECT user_id, argMax(external_id, loaded_at) AS external_id
FROM readers
GROUP BY user_id
