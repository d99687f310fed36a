-- Readers with a session at a brand that was over and known at as_of.
-- grain: user_id    leakage rule: session_end < as_of, known_at <= as_of, loaded_at <= snapshot_at
SELECT DISTINCT user_id
FROM session_versions
WHERE brand = {brand:String}
    AND tombstone = 0
    AND session_end < {as_of:DateTime64(3, 'UTC')}
    AND known_at <= {as_of:DateTime64(3, 'UTC')}
    AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
