-- The events of one bucket's readers in runs; a run is simple when no event came so late that its session had seemed over.
-- grain: user_id, source_id, run
INSERT INTO {staging:Identifier}.runs
SELECT
    user_id,
    source_id,
    arrayJoin(if(
        source_id = '',
        arraySplit(
            (event, before) -> event.1 - before.1 >= {gap_ms:Int64},
            history, arrayPushFront(arrayPopBack(history), history[1])),
        [history])) AS run,
    length(arrayDistinct(arrayMap(event -> event.2, run))) = 1
    OR (
        run[1].2 <= run[-1].1 + {gap_ms:Int64}
        AND arrayAll((event, before) -> event.2 <= before.1 + {gap_ms:Int64}, arrayPopFront(run), arrayPopBack(run))
    ) AS simple
FROM
(
    SELECT
        events.user_id AS user_id,
        events.session_id AS source_id,
        arraySort(groupArray((
            toUnixTimestamp64Milli(events.timestamp),
            greatest(toUnixTimestamp64Milli(events.received_at), toUnixTimestamp64Milli(events.timestamp) + 1),
            sipHash64(events.event_id)))) AS history
    FROM events
    INNER JOIN (SELECT user_id, from_ms FROM {staging:Identifier}.scope WHERE bucket = {bucket:UInt32}) AS scope
        ON scope.user_id = events.user_id
    WHERE events.origin = '' AND events.user_id BETWEEN {least_reader:UInt64} AND {greatest_reader:UInt64}
        AND toUnixTimestamp64Milli(events.timestamp) >= scope.from_ms
    GROUP BY user_id, source_id
)
