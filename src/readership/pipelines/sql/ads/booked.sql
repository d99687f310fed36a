-- What is booked, as the publisher knew it at as_of; the newest version that has begun to hold counts.
-- grain: ad_id    leakage rule: received_at <= as_of and valid_from <= as_of
SELECT
    ad_id,
    argMax(campaign_id, version) AS campaign_id,
    argMax(placement::String, version) AS placement,
    argMax(category::String, version) AS category,
    argMax(tuple(bid_eur), version).1 AS bid_eur,
    argMax(tuple(per_thousand_eur), version).1 AS per_thousand_eur,
    argMax(tuple(budget_eur), version).1 AS budget_eur,
    argMax(tuple(reserve_eur), version).1 AS reserve_eur,
    toUnixTimestamp64Milli(argMax(starts_at, version)) AS starts_ms,
    argMax(tuple(toUnixTimestamp64Milli(ends_at)), version).1 AS ends_ms,
    argMax(tuple(most_a_day), version).1 AS most_a_day,
    toJSONString(argMax(targeting, version)) AS targeting
FROM
(
    SELECT *, bid_eur, per_thousand_eur, budget_eur, reserve_eur, (valid_from, received_at, loaded_at) AS version
    FROM ads
    WHERE received_at <= {as_of:DateTime64(3, 'UTC')} AND valid_from <= {as_of:DateTime64(3, 'UTC')}
        AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
        AND ({brand:String} = '' OR brand = '' OR brand = {brand:String})
)
GROUP BY ad_id
ORDER BY ad_id
