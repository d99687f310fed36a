-- How many readers are registered, agree to personalisation, and went from no paid tier to a paid one. Reads `source`.
-- grain: one row
SELECT
    countIf(is_registered) AS registered,
    countIf(bitAnd(coalesce(stated, {default_consent:UInt8}), 2) != 0) AS consenting,
    countIf(began) AS starts
FROM
(
    SELECT
        max(registered) AS is_registered,
        argMaxIf(consent, at, isNotNull(consent)) AS stated,
        countIf(event_type = 'subscription_start') > 0
            OR (countIf(tier IN ('', 'free')) > 0 AND countIf(tier NOT IN ('', 'free')) > 0
                AND minIf(at, tier IN ('', 'free')) < maxIf(at, tier NOT IN ('', 'free'))) AS began
    FROM source
    GROUP BY reader
)
