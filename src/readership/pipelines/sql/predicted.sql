-- Decisions already recorded for one model version at one time of features.
-- grain: decision_id
SELECT decision_id
FROM predictions
WHERE task = {task:String} AND model_version = {model_version:String}
    AND features_as_of = {features_as_of:DateTime64(3, 'UTC')}
