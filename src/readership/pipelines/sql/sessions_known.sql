-- One row: how many readers have a session known at as_of, whatever they agreed to, and when the first session began.
-- grain: as_of    leakage rule: session_end < as_of, known_at <= as_of, loaded_at <= snapshot_at
SELECT
    uniqExactIf(user_id, session_end < {as_of:DateTime64(3,'UTC')} AND known_at <= {as_of:DateTime64(3,'UTC')}) AS readers,
    min(session_start) AS first_session
FROM session_versions
WHERE loaded_at <= {snapshot_at:DateTime64(3,'UTC')}
