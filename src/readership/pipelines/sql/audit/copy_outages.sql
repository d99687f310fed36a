-- Copies the recorded tracking outages.
-- grain: starts_at, ends_at
INSERT INTO {target:Identifier}.outages
SELECT * FROM {source:Identifier}.outages
WHERE loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
