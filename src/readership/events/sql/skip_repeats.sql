-- Rows of the chunk that repeat an event of it; the first received stays.
-- grain: n
INSERT INTO {staging:Identifier}.skip
SELECT arrayJoin(arrayPopFront(arraySort(groupArray((received_at, n))))).2
FROM {staging:Identifier}.{rows:Identifier}
WHERE field = '' AND event_id IN
(
    SELECT event_id FROM {staging:Identifier}.{rows:Identifier} WHERE field = ''
    GROUP BY event_id HAVING count() > 1
)
GROUP BY event_id
