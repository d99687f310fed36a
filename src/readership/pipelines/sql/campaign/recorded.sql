-- Decisions of one campaign that are recorded already.
-- grain: decision_id
SELECT decision_id FROM exposures WHERE experiment = {experiment:String}
