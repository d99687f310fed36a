-- The beginning of what is kept of readers with a visit across the limit; visits that overlap stay together.
-- grain: user_id
INSERT INTO {staging:Identifier}.begins
SELECT
    user_id,
    arrayFold(
        (begin, span) -> if(span.2 >= begin, least(begin, span.1), begin),
        arrayReverseSort(span -> span.2, groupArray((
            toUnixTimestamp64Milli(session_start), toUnixTimestamp64Milli(session_end)))),
        toUnixTimestamp64Milli({limit:DateTime64(3, 'UTC')})) AS begin_ms
FROM session_versions
WHERE tombstone = 0 AND row_id NOT IN (SELECT replaces FROM session_versions WHERE replaces != 0)
    AND user_id IN
    (
        SELECT user_id FROM session_versions
        WHERE session_start < {limit:DateTime64(3, 'UTC')} AND session_end >= {limit:DateTime64(3, 'UTC')}
    )
GROUP BY user_id
HAVING begin_ms < toUnixTimestamp64Milli({limit:DateTime64(3, 'UTC')})
