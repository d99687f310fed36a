-- Copies the ads, as known at `until`.
-- grain: ad_id, received_at    leakage rule: received_at <= until
INSERT INTO {target:Identifier}.ads
SELECT * FROM {source:Identifier}.ads
WHERE received_at <= {until:DateTime64(3, 'UTC')}
    AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
