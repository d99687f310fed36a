-- Registered readers seen in the lookback before each cut-off, and how many of them had no row in the horizon after it.
-- grain: as_of    leakage rule: cut-offs lie at midnight UTC, so whole days decide; late arrivals are not told apart
-- Reads `source`. With `only_brand`, seen is meant there. An estimate for the planner: datasets count to the millisecond, by what was known.
SELECT
    as_of, count() AS asked,
    countIf(NOT arrayExists(day -> day >= toDate(as_of, 'UTC') AND day < toDate(as_of, 'UTC') + {horizon_days:UInt16}, days))
        AS positives
FROM
(
    SELECT
        groupUniqArrayIf(toDate(at, 'UTC'), {only_brand:String} = '' OR brand = {only_brand:String}) AS days,
        minIf(at, registered) AS registered_at,
        countIf(registered) AS registrations,
        argMaxIf(consent, at, isNotNull(consent)) AS stated
    FROM source
    GROUP BY reader
)
ARRAY JOIN {cutoffs:Array(DateTime64(3, 'UTC'))} AS as_of
WHERE registrations > 0
    AND registered_at <= as_of
    AND bitAnd(coalesce(stated, {default_consent:UInt8}), 2) != 0
    AND arrayExists(day -> day >= toDate(as_of, 'UTC') - {lookback_days:UInt16} AND day < toDate(as_of, 'UTC'), days)
GROUP BY as_of
ORDER BY as_of
