-- Copies the sessions that lie in a span, every version, whenever they were known.
-- grain: row_id
INSERT INTO {target:Identifier}.session_versions
SELECT * FROM {source:Identifier}.session_versions
WHERE session_start >= {opens_at:DateTime64(3, 'UTC')}
    AND session_end < {closes_at:DateTime64(3, 'UTC')}
