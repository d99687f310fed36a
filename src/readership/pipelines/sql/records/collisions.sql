-- Two publisher's ids that would share one number; none is expected in 2^32 readers.
-- grain: user_id
SELECT user_id, [min(external_id), max(external_id)] AS ids
FROM
(
    SELECT user_id, external_id FROM {staging:Identifier}.rows
    UNION ALL
    SELECT user_id, external_id FROM readers WHERE user_id IN (SELECT user_id FROM {staging:Identifier}.rows)
)
GROUP BY user_id
HAVING ids[1] != ids[2]
LIMIT 1
