-- What was said of each reader in the day before as_of: the newest answer, and the version that gave it.
-- grain: user_id    leakage rule: features_as_of <= as_of
SELECT user_id, argMax(score, (features_as_of, at)) AS score, argMax(model_version, (features_as_of, at)) AS version
FROM predictions
WHERE task = {task:String}
    AND features_as_of <= {as_of:DateTime64(3,'UTC')}
    AND features_as_of > {as_of:DateTime64(3,'UTC')} - toIntervalDay(1)
GROUP BY user_id
ORDER BY user_id
