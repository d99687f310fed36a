-- Copies the articles, as known at `until`.
-- grain: article_id, received_at    leakage rule: received_at <= until
INSERT INTO {target:Identifier}.articles
SELECT * FROM {source:Identifier}.articles
WHERE received_at <= {until:DateTime64(3, 'UTC')}
    AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
