-- What went into models that were asked about the features of one time: a hash of the model's input row.
-- grain: task, model_version, user_id, inputs_hash; newest answers first
-- leakage rule: none, nothing is learnt from it
SELECT task, model_version, user_id, inputs_hash
FROM predictions
WHERE features_as_of = {as_of:DateTime64(3, 'UTC')} AND task IN {tasks:Array(String)} AND inputs_hash != ''
GROUP BY task, model_version, user_id, inputs_hash
ORDER BY max(at) DESC, user_id
LIMIT {most:UInt32}
