-- One row per reader with a session in the 90 days before as_of: on which days they come, and how long they stay away.
-- grain: user_id    leakage rule: session_end < as_of, known_at <= as_of, loaded_at <= snapshot_at, newest version by then
-- Days are calendar days on the reader's own clock (as in activity.sql); an active day is a day on which a session started.
SELECT
    user_id,
    if(days_ago[1] <= 1, toUInt32(length(runs[1])), 0) AS current_streak_days, -- days | active days in a row up to today or yesterday | 0 when none
    arrayMax(arrayMap(run -> length(run), runs)) AS longest_streak_days, -- days | most active days in a row in the last 90 days | 0 when none
    arrayCount(week -> bitAnd(bitShiftRight(day_mask, 7 * week), 127) != 0, range(12)) AS active_weeks_12w, -- weeks | weeks with a session among the last 12 | 0 when none
    if(empty(days_ago), NULL, days_ago[1]) AS current_gap_days, -- days | days since the last active day | missing when none in 90 days
    if(empty(gaps), NULL, arrayReduce('medianExact', gaps)) AS usual_gap_days, -- days | middle value (the higher of two) of the gaps between active days | missing when fewer than 2 active days in 90 days
    if(empty(gaps), NULL, arrayMax(gaps)) AS longest_gap_days, -- days | longest gap between active days | missing when fewer than 2 active days in 90 days
    if(length(gaps) < 2, NULL, arrayReduce('stddevPop', gaps)) AS gap_spread_days, -- days | spread of the gaps between active days | missing when fewer than 3 active days in 90 days
    current_gap_days / usual_gap_days AS current_gap_over_usual -- ratio | the current gap as a multiple of the usual gap | missing when fewer than 2 active days in 90 days
FROM (
    SELECT
        *,
        arrayConcat(
            bitPositionsToArray(toUInt64(bitAnd(day_mask, 18446744073709551615))),
            arrayMap(bit -> bit + 64, bitPositionsToArray(toUInt64(bitAnd(bitShiftRight(day_mask, 64), 134217727))))) AS days_ago,
        arraySplit((day, gap) -> gap > 1, days_ago, arrayDifference(days_ago)) AS runs,
        arrayPopFront(arrayDifference(days_ago)) AS gaps
    FROM (
        SELECT
            user_id,
            toInt32(max(toUnixTimestamp64Milli(session_end) * 4096 + utc_offset_minutes + 2048) % 4096) - 2048 AS last_offset_minutes,
            groupBitOr(bitShiftLeft(toUInt128(1), toUInt8(greatest(0, least(127, toDate({as_of:DateTime64(3,'UTC')}) + 1 - local_day))))) AS days_seen,
            toDate({as_of:DateTime64(3,'UTC')}) + 1 - toDate({as_of:DateTime64(3,'UTC')} + INTERVAL last_offset_minutes MINUTE) AS days_ahead,
            bitShiftLeft(toUInt128(1), days_ahead) - 1 AS ahead,
            bitOr(bitShiftRight(days_seen, days_ahead), toUInt128(bitAnd(days_seen, ahead) != 0)) AS day_mask
        FROM session_versions
        WHERE known_at <= {as_of:DateTime64(3,'UTC')}
          AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')}
          AND session_end < {as_of:DateTime64(3,'UTC')}
          AND session_end >= {as_of:DateTime64(3,'UTC')} - INTERVAL 90 DAY
          AND tombstone = 0
          AND row_id NOT IN (
              SELECT replaces FROM session_versions
              WHERE replaces != 0 AND known_at <= {as_of:DateTime64(3,'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')})
        GROUP BY user_id
    )
)
