-- Readers who, as known at as_of, do not agree to analytics.
-- grain: user_id    leakage rule: known_at <= as_of
    SELECT user_id FROM session_versions
    WHERE known_at <= {as_of:DateTime64(3,'UTC')} AND tombstone = 0
    GROUP BY user_id
    HAVING bitAnd(coalesce(
        argMaxIf(consent, (session_end, row_id), consent IS NOT NULL), {default_consent:UInt8}), 1) = 0
