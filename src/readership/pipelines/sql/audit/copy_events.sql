-- Copies the events of a share of the readers, as known at `until`.
-- grain: event_id    leakage rule: timestamp < until and received_at <= until
INSERT INTO {target:Identifier}.events
SELECT * FROM {source:Identifier}.events
WHERE timestamp < {until:DateTime64(3, 'UTC')}
    AND received_at <= {until:DateTime64(3, 'UTC')}
    AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    AND sipHash64(user_id) % 1000000 < {per_million:UInt32}
