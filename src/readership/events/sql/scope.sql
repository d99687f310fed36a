-- Readers who have events in no session, or sessions of events that are gone; built again from the first new event on,
-- or from the start of the session it touches. Sessions read from a publisher's own table are not built at all.
-- grain: user_id
INSERT INTO {staging:Identifier}.scope
WITH
    current AS
    (
        SELECT user_id, session_id, toUnixTimestamp64Milli(session_start) AS start_ms,
            toUnixTimestamp64Milli(session_end) AS end_ms, total_events
        FROM session_versions
        WHERE tombstone = 0 AND origin = ''
            AND row_id NOT IN (SELECT replaces FROM session_versions WHERE replaces != 0)
    ),
    affected AS
    (
        SELECT counted.user_id AS user_id, counted.events AS events
        FROM (SELECT user_id, count() AS events FROM events WHERE origin = '' GROUP BY user_id) AS counted
        LEFT JOIN (SELECT user_id, sum(total_events) AS events FROM current GROUP BY user_id) AS built
            ON built.user_id = counted.user_id
        WHERE counted.events != built.events
            AND (isNull({since:Nullable(DateTime64(3, 'UTC'))}) OR counted.user_id IN
                (SELECT user_id FROM events WHERE loaded_at >= {since:Nullable(DateTime64(3, 'UTC'))}))
    ),
    fresh AS
    (
        SELECT
            events.user_id AS user_id,
            min(toUnixTimestamp64Milli(events.timestamp)) AS begin_ms,
            groupUniqArrayIf(events.session_id, events.session_id != '') AS ids
        FROM (SELECT user_id, timestamp, session_id, loaded_at FROM events
            WHERE origin = '' AND user_id IN (SELECT user_id FROM affected)) AS events
        INNER JOIN
        (
            SELECT user_id, max(loaded_at) AS built_at
            FROM session_versions
            WHERE origin = '' AND user_id IN (SELECT user_id FROM affected)
            GROUP BY user_id
        ) AS built ON built.user_id = events.user_id
        WHERE events.loaded_at > built.built_at
        GROUP BY user_id
    ),
    reach AS
    (
        SELECT
            fresh.user_id AS user_id,
            any(fresh.begin_ms) - {gap_ms:Int64} AS touched_ms,
            least(touched_ms, ifNull(minOrNullIf(start_ms, has(fresh.ids, current.session_id)), touched_ms)) AS begin_ms,
            arrayReverseSort(span -> span.2, groupArray((start_ms, end_ms))) AS spans
        FROM fresh
        INNER JOIN current ON current.user_id = fresh.user_id
        GROUP BY user_id
    )
SELECT
    affected.user_id,
    arrayFold(
        (begin, span) -> if(span.2 + {gap_ms:Int64} >= begin, least(begin, span.1), begin), reach.spans, reach.begin_ms),
    intDiv(sum(affected.events) OVER (ORDER BY affected.user_id) - affected.events, {bucket_events:UInt64})
FROM affected
LEFT JOIN reach ON reach.user_id = affected.user_id
