-- One row per reader with a session in the 90 days before as_of: at which times of the day and the week they come.
-- grain: user_id    leakage rule: session_end < as_of, known_at <= as_of, loaded_at <= snapshot_at, newest version by then
-- entropy = ln(n) - sum(c ln c) / n over the sessions c of each hour, n = sum(c).
-- Hours and weekdays are those of the start of the session on the reader's own clock.
WITH toDayOfWeek(local_day) AS weekday
SELECT
    user_id,
    arraySum(arraySlice(hour_sessions, 1, 6)) / sessions AS night_session_share_90d, -- share | share of sessions that began between 00:00 and 06:00 in the last 90 days | missing when no sessions
    arraySum(arraySlice(hour_sessions, 7, 6)) / sessions AS morning_session_share_90d, -- share | share of sessions that began between 06:00 and 12:00 in the last 90 days | missing when no sessions
    arraySum(arraySlice(hour_sessions, 13, 6)) / sessions AS afternoon_session_share_90d, -- share | share of sessions that began between 12:00 and 18:00 in the last 90 days | missing when no sessions
    arraySum(arraySlice(hour_sessions, 19, 6)) / sessions AS evening_session_share_90d, -- share | share of sessions that began between 18:00 and 24:00 in the last 90 days | missing when no sessions
    weekend / sessions AS weekend_session_share_90d, -- share | share of sessions on a Saturday or Sunday in the last 90 days | missing when no sessions
    arrayMax(weekday_counts) / sessions AS usual_weekday_share_90d, -- share | share of sessions on the most usual weekday in the last 90 days | missing when no sessions
    length(weekday_counts) AS distinct_weekdays_90d, -- weekdays | different weekdays with a session in the last 90 days | 0 when none
    arrayMax(hour_counts) / sessions AS usual_hour_share_90d, -- share | share of sessions that began in the most usual hour in the last 90 days | missing when no sessions
    greatest(0, log(sessions) - arraySum(c -> c * log(c), hour_counts) / sessions) AS hour_entropy_90d, -- nats | how evenly sessions spread over the hours of the reader's day in the last 90 days | missing when no sessions
    sessions / active_days AS sessions_per_active_day_90d -- sessions | sessions per active day in the last 90 days | missing when no sessions
FROM (
    SELECT
        user_id,
        count() AS sessions,
        [
            sum(weekday = 1), sum(weekday = 2), sum(weekday = 3), sum(weekday = 4),
            sum(weekday = 5), sum(weekday = 6), sum(weekday = 7)
        ] AS weekday_sessions,
        [
            sum(local_hour = 0), sum(local_hour = 1), sum(local_hour = 2), sum(local_hour = 3), sum(local_hour = 4), sum(local_hour = 5),
            sum(local_hour = 6), sum(local_hour = 7), sum(local_hour = 8), sum(local_hour = 9), sum(local_hour = 10), sum(local_hour = 11),
            sum(local_hour = 12), sum(local_hour = 13), sum(local_hour = 14), sum(local_hour = 15), sum(local_hour = 16), sum(local_hour = 17),
            sum(local_hour = 18), sum(local_hour = 19), sum(local_hour = 20), sum(local_hour = 21), sum(local_hour = 22), sum(local_hour = 23)
        ] AS hour_sessions,
        arrayFilter(n -> n > 0, weekday_sessions) AS weekday_counts,
        arrayFilter(n -> n > 0, hour_sessions) AS hour_counts,
        weekday_sessions[6] + weekday_sessions[7] AS weekend,
        uniqExact(local_day) AS active_days
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
