-- Sessions before as_of that ended on its day or later.
-- grain: user_id, session_start
SELECT user_id, session_start, session_end, felt, newsletter
FROM {truth:Identifier}.visits
WHERE session_start < {as_of:DateTime64(3, 'UTC')}
    AND session_start >= toStartOfDay({as_of:DateTime64(3, 'UTC')}) - toIntervalDay(2)
    AND session_end >= toStartOfDay({as_of:DateTime64(3, 'UTC')})
ORDER BY session_start, user_id
