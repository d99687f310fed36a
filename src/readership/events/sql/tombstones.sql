-- States of sessions that stopped being true without another taking their place at once.
-- grain: row_id
INSERT INTO session_versions
    (row_id, replaces, version, tombstone, known_at, loaded_at, batch_id, session_id, user_id, session_start, session_end,
     local_day)
SETTINGS max_partitions_per_insert_block = 0
SELECT
    row_id, replaces, 0, 1, fromUnixTimestamp64Milli(known_ms, 'UTC'), now64(3), {batch:String}, session_id, user_id,
    fromUnixTimestamp64Milli(first_ms, 'UTC'), fromUnixTimestamp64Milli(last_ms, 'UTC'),
    toDate(fromUnixTimestamp64Milli(first_ms, 'UTC'))
FROM {staging:Identifier}.spans
WHERE tombstone = 1
    AND row_id NOT IN (SELECT row_id FROM session_versions
        WHERE user_id BETWEEN {least_reader:UInt64} AND {greatest_reader:UInt64})
