-- Copies the sessions of a share of the readers, every version.
-- grain: row_id
INSERT INTO {target:Identifier}.session_versions
SELECT * FROM {source:Identifier}.session_versions
WHERE loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    AND sipHash64(user_id) % 1000000 < {per_million:UInt32}
