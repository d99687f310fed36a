-- Copies the paid periods of a share of the readers, as known at `until`.
-- grain: user_id, period_start, received_at    leakage rule: received_at <= until
INSERT INTO {target:Identifier}.subscriptions
SELECT * FROM {source:Identifier}.subscriptions
WHERE received_at <= {until:DateTime64(3, 'UTC')}
    AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    AND sipHash64(user_id) % 1000000 < {per_million:UInt32}
