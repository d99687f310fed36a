-- Readers who do not pay, on the day of as_of: the chance that an offer is met with a subscription at once, times the
-- chance that an active reader comes in the 28 days in which it can be made.
-- grain: user_id
SELECT
    user_id,
    (1 - exp(log(1 - start_when_asked) * exp(offer_effect))) * if(phase = 0, 1 - exp(-28 * visit_rate), 0) AS effect
FROM {truth:Identifier}.reader_days
INNER JOIN {truth:Identifier}.readers USING (user_id)
WHERE day = toDate({as_of:DateTime64(3, 'UTC')}, 'UTC') AND start_when_asked > 0 AND tier <= 1
ORDER BY user_id
