-- One row: of the readers seen in the lookback before as_of, how many are registered, and of these how many agreed to personalisation.
-- grain: as_of    leakage rule: timestamp < as_of (registered: <=) and received_at <= as_of
WITH
    {as_of:DateTime64(3, 'UTC')} AS opens_at,
    opens_at - toIntervalDay({lookback_days:UInt16}) AS seen_since,
    (name) -> {brand:String} = '' OR name = {brand:String} AS is_asked
SELECT
    count() AS seen,
    countIf(is_registered) AS registered,
    countIf(is_registered AND bitAnd(coalesce(stated_consent, {default_consent:UInt8}), 2) != 0) AS consenting
FROM
(
    SELECT
        countIf(event_type IN ('registration', 'login') OR subscription_tier != '') > 0 AS is_registered,
        argMaxIf(consent, (timestamp, event_id), consent IS NOT NULL AND timestamp < opens_at) AS stated_consent
    FROM events
    WHERE timestamp <= opens_at AND received_at <= opens_at AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    GROUP BY user_id
    HAVING countIf(timestamp >= seen_since AND timestamp < opens_at AND is_asked(brand)) > 0
)
