-- Registered readers without a subscription seen in the lookback before each cut-off, and how many began one in the horizon after it.
-- grain: as_of    leakage rule: cut-offs lie at midnight UTC; late arrivals are not told apart
-- Reads `source`. With `only_brand`, seen is meant there. A subscription begins with its event, or with the first paid tier after an unpaid one.
SELECT as_of, count() AS asked, countIf(began AND began_at < as_of + toIntervalDay({horizon_days:UInt16})) AS positives
FROM
(
    SELECT
        groupUniqArrayIf(toDate(at, 'UTC'), {only_brand:String} = '' OR brand = {only_brand:String}) AS days,
        minIf(at, registered) AS registered_at,
        countIf(registered) AS registrations,
        argMaxIf(consent, at, isNotNull(consent)) AS stated,
        countIf(tier NOT IN ('', 'free')) AS paid_rows,
        minIf(at, tier NOT IN ('', 'free')) AS paid_at,
        countIf(tier IN ('', 'free')) > 0 AND minIf(at, tier IN ('', 'free')) < paid_at AS was_unpaid,
        countIf(event_type = 'subscription_start') AS starts,
        starts > 0 OR (paid_rows > 0 AND was_unpaid) AS began,
        if(starts > 0, minIf(at, event_type = 'subscription_start'), paid_at) AS began_at
    FROM source
    GROUP BY reader
)
ARRAY JOIN {cutoffs:Array(DateTime64(3, 'UTC'))} AS as_of
WHERE registrations > 0
    AND registered_at <= as_of
    AND (paid_rows = 0 OR paid_at >= as_of)
    AND (NOT began OR began_at >= as_of)
    AND bitAnd(coalesce(stated, {default_consent:UInt8}), 2) != 0
    AND arrayExists(day -> day >= toDate(as_of, 'UTC') - {lookback_days:UInt16} AND day < toDate(as_of, 'UTC'), days)
GROUP BY as_of
ORDER BY as_of
