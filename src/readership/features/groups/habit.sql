-- One row per reader with a session in the 90 days before as_of: at which times of the day and the week they come.
-- grain: user_id    leakage rule: session_end < as_of, known_at <= as_of, loaded_at <= snapshot_at, newest version by then
-- Hours and weekdays are those of the start of the session on the reader's own clock.
SELECT
    user_id,
    night / sessions AS night_session_share_90d, -- share | share of sessions that began between 00:00 and 06:00 in the last 90 days | missing when no sessions
    morning / sessions AS morning_session_share_90d, -- share | share of sessions that began between 06:00 and 12:00 in the last 90 days | missing when no sessions
    afternoon / sessions AS afternoon_session_share_90d, -- share | share of sessions that began between 12:00 and 18:00 in the last 90 days | missing when no sessions
    evening / sessions AS evening_session_share_90d, -- share | share of sessions that began between 18:00 and 24:00 in the last 90 days | missing when no sessions
    weekend / sessions AS weekend_session_share_90d, -- share | share of sessions on a Saturday or Sunday in the last 90 days | missing when no sessions
    arrayMax(weekday_counts) / sessions AS usual_weekday_share_90d, -- share | share of sessions on the most usual weekday in the last 90 days | missing when no sessions
    length(weekday_counts) AS distinct_weekdays_90d, -- weekdays | different weekdays with a session in the last 90 days | 0 when none
    busiest_hour / sessions AS usual_hour_share_90d, -- share | share of sessions that began in the most usual hour in the last 90 days | missing when no sessions
    sessions / active_days AS sessions_per_active_day_90d -- sessions | sessions per active day in the last 90 days | missing when no sessions
FROM (
    SELECT
        user_id,
        count() AS sessions,
        countIf(local_hour < 6) AS night,
        countIf(local_hour >= 6 AND local_hour < 12) AS morning,
        countIf(local_hour >= 12 AND local_hour < 18) AS afternoon,
        countIf(local_hour >= 18 AND local_hour < 24) AS evening,
        sumMap([toDayOfWeek(local_day)], [toUInt64(1)]).2 AS weekday_counts,
        countIf(toDayOfWeek(local_day) >= 6) AS weekend,
        uniqExact(local_day) AS active_days,
        arrayMax(sumMap([local_hour], [toUInt64(1)]).2) AS busiest_hour
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
