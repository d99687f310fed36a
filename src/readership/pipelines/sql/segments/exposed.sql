-- The exposures of these experiments since then that are stored.
-- grain: decision_id
SELECT DISTINCT decision_id FROM exposures WHERE experiment IN {experiments:Array(String)} AND at >= {since:DateTime64(3, 'UTC')}
