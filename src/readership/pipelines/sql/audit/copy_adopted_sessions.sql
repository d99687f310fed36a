-- Copies the sessions that were read from a publisher's own table, as known at `until`; others are built from events.
-- grain: row_id    leakage rule: session_end < until and known_at <= until
INSERT INTO {target:Identifier}.session_versions
SELECT * FROM {source:Identifier}.session_versions
WHERE origin != ''
    AND session_end < {until:DateTime64(3, 'UTC')}
    AND known_at <= {until:DateTime64(3, 'UTC')}
    AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    AND sipHash64(user_id) % 1000000 < {per_million:UInt32}
