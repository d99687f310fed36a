-- Readers whose last statement agrees to personalisation (bit 2).
-- grain: user_id    leakage rule: none, it tells a simulated world whom its policies may recognise
SELECT user_id
FROM events
WHERE consent IS NOT NULL
GROUP BY user_id
HAVING bitAnd(argMax(assumeNotNull(consent), timestamp), 2) > 0
