-- Versions of sessions that ended before what is kept of their reader begins; none that strikes out one that stays.
-- grain: row_id
INSERT INTO {staging:Identifier}.old_sessions
WITH dated AS
(
    SELECT row_id, replaces, toUnixTimestamp64Milli(session_end) < if(begins.begin_ms = 0,
        toUnixTimestamp64Milli({limit:DateTime64(3, 'UTC')}), begins.begin_ms) AS is_old
    FROM session_versions
    LEFT JOIN {staging:Identifier}.begins AS begins ON begins.user_id = session_versions.user_id
)
SELECT row_id FROM dated WHERE is_old AND replaces NOT IN (SELECT row_id FROM dated WHERE NOT is_old)
