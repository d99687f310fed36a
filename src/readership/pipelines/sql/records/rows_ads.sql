-- Versions of ads in the columns of their table.
-- grain: n, part
SELECT
    n, part, stated, named,
    '' AS external_id,
    says['ad_id'] AS ad_id,
    says['campaign_id'] AS campaign_id,
    says['brand'] AS brand,
    says['placement'] AS placement,
    says['category'] AS category,
    micros['bid_eur'] AS bid_micros,
    micros['per_thousand_eur'] AS per_thousand_micros,
    micros['budget_eur'] AS budget_micros,
    micros['reserve_eur'] AS reserve_micros,
    fromUnixTimestamp64Milli(ifNull(at['starts_at'], 0), 'UTC') AS starts_at,
    fromUnixTimestamp64Milli(at['ends_at'], 'UTC') AS ends_at,
    toUInt32OrNull(says['most_a_day']) AS most_a_day,
    CAST(JSONExtract(says['targeting'], 'Map(String, String)'), 'Map(LowCardinality(String), String)') AS targeting,
    valid_since AS valid_from,
    known_at AS received_at
FROM versions
