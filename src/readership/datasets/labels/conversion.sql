-- One row per registered reader without a paid tier, seen in the lookback: 1 when a subscription starts in the horizon.
-- With a brand, seen, paying and started are meant there (or a subscription to every brand); registered and consenting anywhere.
-- grain: user_id    leakage rule: who is asked about: timestamp < as_of (registered: <=) and received_at <= as_of; the answer: [as_of, as_of + horizon)
WITH
    {as_of:DateTime64(3, 'UTC')} AS opens_at,
    opens_at + toIntervalDay({horizon_days:UInt16}) AS closes_at,
    opens_at - toIntervalDay({lookback_days:UInt16}) AS seen_since,
    (name) -> {brand:String} = '' OR name = {brand:String} AS is_asked,
    (
        SELECT groupUniqArray(brand::String) FROM outages
        WHERE starts_at < closes_at AND ends_at > opens_at AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    ) AS broken_brands
SELECT user_id, toUInt8(started > 0) AS label
FROM
(
    SELECT
        user_id,
        countIf(timestamp >= seen_since AND timestamp < opens_at AND received_at <= opens_at AND is_asked(brand)) AS seen,
        countIf(
            (event_type IN ('registration', 'login') OR subscription_tier != '')
            AND timestamp <= opens_at AND received_at <= opens_at
        ) AS registered,
        argMaxIf(
            subscription_tier::String, (timestamp, event_id),
            subscription_tier != '' AND timestamp < opens_at AND received_at <= opens_at
        ) AS tier,
        argMaxIf(consent, (timestamp, event_id), consent IS NOT NULL AND timestamp < opens_at AND received_at <= opens_at)
            AS stated_consent,
        groupUniqArrayIf(
            brand::String,
            timestamp >= seen_since AND timestamp < opens_at AND received_at <= opens_at AND is_asked(brand)) AS brands,
        countIf(
            event_type IN ('subscription_start', 'subscription_renewal')
            AND timestamp < opens_at AND period_end > opens_at AND received_at <= opens_at
            AND (brand = '' OR is_asked(brand))
        ) AS paying,
        countIf(timestamp >= opens_at AND event_type = 'subscription_start' AND (brand = '' OR is_asked(brand))) AS started
    FROM events
    WHERE timestamp < closes_at AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    GROUP BY user_id
)
WHERE seen > 0
    AND registered > 0
    AND tier IN ('', 'free')
    AND paying = 0
    AND user_id NOT IN
    (
        SELECT user_id FROM subscriptions
        WHERE period_start < opens_at AND period_end > opens_at AND received_at <= opens_at
            AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')} AND (brand = '' OR is_asked(brand))
    )
    AND bitAnd(coalesce(stated_consent, {default_consent:UInt8}), 2) != 0
    AND NOT has(broken_brands, '')
    AND NOT hasAny(brands, broken_brands)
ORDER BY user_id
