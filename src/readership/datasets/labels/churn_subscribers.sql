-- One row per reader whose newest paid period ends within 30 days after as_of: 1 when no renewal begins within 30 days after that end.
-- grain: user_id    leakage rule: who is asked about: received_at <= as_of; the answer: renewals that begin before period_end + 30 days (all within as_of + horizon)
-- A period cancelled before it began, or at once, is no renewal.
-- With a brand: periods that pay for it, and those that pay for every brand of readers seen there in the lookback.
-- Paid periods come from the table `subscriptions`; where none of it was known at as_of, from the starts and renewals among the events.
WITH
    {as_of:DateTime64(3, 'UTC')} AS opens_at,
    opens_at + toIntervalDay({horizon_days:UInt16}) AS closes_at,
    toIntervalDay(30) AS grace,
    (
        SELECT groupUniqArray(brand::String) FROM outages
        WHERE starts_at < closes_at AND ends_at > opens_at AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    ) AS broken_brands,
    (
        SELECT count() FROM subscriptions
        WHERE received_at <= opens_at AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    ) AS recorded_periods,
    paid AS
    (
        SELECT
            user_id, plan::String AS plan, brand::String AS paid_brand, period_start, period_end,
            if(reason = '' AND isNotNull(cancelled_at), 'voluntary', reason::String) AS reason,
            ifNull(cancelled_at <= period_start, 0) AS never_began, valid_from, received_at, loaded_at
        FROM subscriptions
        WHERE recorded_periods > 0
            AND ({brand:String} = '' OR brand IN ('', {brand:String}))
            AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
        UNION ALL
        SELECT
            user_id, plan::String AS plan, brand::String AS paid_brand, timestamp AS period_start,
            assumeNotNull(period_end) AS period_end, '' AS reason, 0 AS never_began,
            timestamp AS valid_from, received_at, loaded_at
        FROM events
        WHERE recorded_periods = 0
            AND ({brand:String} = '' OR brand IN ('', {brand:String}))
            AND event_type IN ('subscription_start', 'subscription_renewal')
            AND isNotNull(period_end)
            AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    ),
    expiring AS
    (
        SELECT user_id, max(ends) AS expires_at, max(of_brand) AS pays_for_brand
        FROM
        (
            SELECT
                user_id, plan, period_start,
                argMax(period_end, (received_at, valid_from, loaded_at)) AS ends,
                argMax(paid_brand, (received_at, valid_from, loaded_at)) = {brand:String} AS of_brand
            FROM paid
            WHERE received_at <= opens_at
            GROUP BY user_id, plan, period_start
            HAVING ends > period_start AND argMax(never_began, (received_at, valid_from, loaded_at)) = 0
        )
        GROUP BY user_id
        HAVING expires_at > opens_at AND expires_at <= opens_at + grace
    ),
    periods AS
    (
        SELECT
            user_id, plan, period_start,
            argMax(period_end, (received_at, valid_from, loaded_at)) AS ends,
            argMax(reason, (received_at, valid_from, loaded_at)) AS why,
            argMax(never_began, (received_at, valid_from, loaded_at)) AS void
        FROM paid
        WHERE period_start < closes_at
        GROUP BY user_id, plan, period_start
    ),
    stopped AS
    (
        SELECT
            user_id,
            argMax(
                multiIf(cancel_reason != '', cancel_reason::String, event_type = 'payment_failed', 'payment', 'voluntary'),
                (timestamp, event_id)) AS why
        FROM events
        WHERE event_type IN ('subscription_cancel', 'payment_failed')
            AND timestamp >= opens_at - grace AND timestamp < closes_at
            AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
        GROUP BY user_id
    ),
    known AS
    (
        SELECT
            user_id,
            argMaxIf(consent, (timestamp, event_id), consent IS NOT NULL) AS stated_consent,
            groupUniqArrayIf(brand::String, timestamp >= opens_at - toIntervalDay({lookback_days:UInt16})) AS brands
        FROM events
        WHERE timestamp < opens_at AND received_at <= opens_at AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
        GROUP BY user_id
    )
SELECT
    expiring.user_id AS user_id,
    toUInt8(countIf(periods.ends > expires_at AND periods.period_start < expires_at + grace AND NOT periods.void) = 0) AS label,
    coalesce(
        nullIf(argMaxIf(periods.why, periods.period_start, periods.period_start < expires_at), ''), any(stopped.why)
    ) AS reason
FROM expiring
INNER JOIN periods ON periods.user_id = expiring.user_id
LEFT JOIN known ON known.user_id = expiring.user_id
LEFT JOIN stopped ON stopped.user_id = expiring.user_id
WHERE bitAnd(coalesce(known.stated_consent, {default_consent:UInt8}), 2) != 0
    AND ({brand:String} = '' OR expiring.pays_for_brand OR has(known.brands, {brand:String}))
    AND NOT has(broken_brands, '')
    AND NOT hasAny(known.brands, broken_brands)
GROUP BY user_id
ORDER BY user_id
