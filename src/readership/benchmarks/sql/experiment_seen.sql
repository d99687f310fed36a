-- Everybody seen in the span is exposed whenever seen, to a variant by lot.
-- grain: exposure    leakage rule: none, nothing here happened
INSERT INTO exposures (unit, experiment, variant, at, received_at, loaded_at)
SELECT
    toString(user_id), 'generated', if(sipHash64(user_id, 2) % 2 = 0, 'control', 'treatment'), timestamp, timestamp, timestamp
FROM events
WHERE timestamp >= {start:DateTime64(3, 'UTC')} AND timestamp < {end:DateTime64(3, 'UTC')}
