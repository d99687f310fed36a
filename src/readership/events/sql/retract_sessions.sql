-- Versions that are stored but should not be (an event arrived that says it had been known before): struck out from
-- the moment they were known, for everyone who looks from now on.
-- grain: row_id
INSERT INTO session_versions
    (row_id, replaces, version, tombstone, known_at, loaded_at, batch_id, session_id, user_id, session_start, session_end,
     local_day)
SETTINGS max_partitions_per_insert_block = 0
SELECT
    halfMD5(concat(toString(stored.row_id), '|retracted')) AS retraction,
    stored.row_id, stored.version, 1, stored.known_at, now64(3), {batch:String}, stored.session_id, stored.user_id,
    stored.session_start, stored.session_end, stored.local_day
FROM (SELECT * FROM session_versions WHERE user_id BETWEEN {least_reader:UInt64} AND {greatest_reader:UInt64}) AS stored
INNER JOIN (SELECT user_id, from_ms FROM {staging:Identifier}.scope WHERE bucket = {bucket:UInt32}) AS scope
    ON scope.user_id = stored.user_id
WHERE stored.tombstone = 0 AND stored.origin = ''
    AND toUnixTimestamp64Milli(stored.session_start) >= scope.from_ms
    AND stored.row_id NOT IN (SELECT row_id FROM {staging:Identifier}.spans)
    AND retraction NOT IN (SELECT row_id FROM session_versions
        WHERE tombstone = 1 AND user_id BETWEEN {least_reader:UInt64} AND {greatest_reader:UInt64})
