-- One row per reader with a session before as_of, however long ago: how long we have known them, and since when registered.
-- grain: user_id    leakage rule: session_end < as_of, known_at <= as_of, loaded_at <= snapshot_at, newest version by then
SELECT
    user_id,
    (as_of_ms - first_ms) / 86400000 AS tenure_days, -- days | days since the first session | never missing
    (as_of_ms - last_ms) / 86400000 AS days_since_last_session, -- days | days since the last session ended | never missing
    sessions AS sessions_ever, -- sessions | sessions so far | never missing
    sessions / greatest(1, tenure_days / 7) AS sessions_per_week_ever, -- sessions per week | sessions per week since the first session (at least one week) | never missing
    if(sessions = 1, NULL, (last_ms - first_ms) / 86400000 / (sessions - 1)) AS mean_gap_days_ever, -- days | days from one session to the next so far, on average | missing when 1 session
    days_since_last_session / if(mean_gap_days_ever = 0, NULL, mean_gap_days_ever) AS current_gap_over_mean_ever, -- ratio | days since the last session as a multiple of that gap | missing when 1 session
    if(timed_events = 0, NULL, engaged_ms_ever / 1000) AS engaged_seconds_ever, -- seconds | reading time so far | missing when no session carries reading time
    registered_ms != 0 AS registered, -- 0 or 1 | 1 when the reader is known to be registered | 0 when none
    if(registered_ms = 0, NULL, (as_of_ms - registered_ms) / 86400000) AS days_since_registration -- days | days since the first session as a registered reader | missing when not registered
FROM (
    SELECT
        user_id,
        toUnixTimestamp64Milli({as_of:DateTime64(3,'UTC')}) AS as_of_ms,
        min(toUnixTimestamp64Milli(session_start)) AS first_ms,
        max(toUnixTimestamp64Milli(session_end)) AS last_ms,
        count() AS sessions,
        sum(engaged_ms) AS engaged_ms_ever,
        sum(engaged_events) AS timed_events,
        minIf(toUnixTimestamp64Milli(session_end), registered = 1) AS registered_ms
    FROM session_versions
    WHERE known_at <= {as_of:DateTime64(3,'UTC')}
      AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')}
      AND session_end < {as_of:DateTime64(3,'UTC')}
      AND tombstone = 0
      AND row_id NOT IN (
          SELECT replaces FROM session_versions
          WHERE replaces != 0 AND known_at <= {as_of:DateTime64(3,'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')})
    GROUP BY user_id
)
