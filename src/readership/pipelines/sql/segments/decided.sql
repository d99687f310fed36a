-- Those of these answers that are stored.
-- grain: decision_id
SELECT decision_id
FROM predictions
WHERE task IN {tasks:Array(String)} AND at >= {first:DateTime64(3, 'UTC')} AND at <= {last:DateTime64(3, 'UTC')}
    AND decision_id IN {ids:Array(String)}
