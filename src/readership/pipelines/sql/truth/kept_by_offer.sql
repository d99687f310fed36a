-- Payers on the day of as_of: by how much a retention offer would lower the chance that the reader does not renew,
-- times the chance that an active reader comes in the thirteen days in which it can be made.
-- grain: user_id
SELECT
    user_id,
    (least(cancel_wish, 0.95) - least(cancel_wish * exp(retention_effect), 0.95))
        * if(phase = 0, 1 - exp(-13 * visit_rate), 0) AS effect
FROM {truth:Identifier}.reader_days
INNER JOIN {truth:Identifier}.readers USING (user_id)
WHERE day = toDate({as_of:DateTime64(3, 'UTC')}, 'UTC') AND cancel_wish > 0
ORDER BY user_id
