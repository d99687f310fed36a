-- Those of these decisions that are stored.
-- grain: decision_id
SELECT decision_id FROM predictions WHERE task IN ('recommendation', 'ads') AND decision_id IN {ids:Array(String)}
