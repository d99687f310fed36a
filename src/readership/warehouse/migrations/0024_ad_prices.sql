-- What an ad pays besides its bid for a click, what kind of thing it is for, and how often one reader may see it.
-- grain: none
ALTER TABLE ads
    ADD COLUMN per_thousand_micros Nullable(Int64) COMMENT 'of a thousand impressions, beside the bid for a click'
        AFTER bid_micros,
    ADD COLUMN category LowCardinality(String) COMMENT 'what it is for: travel, finance' AFTER placement,
    ADD COLUMN most_a_day Nullable(UInt32) COMMENT 'impressions a reader and day; null: as many as come' AFTER ends_at,
    ADD COLUMN per_thousand_eur Nullable(Float64) ALIAS per_thousand_micros / 1000000,
    MODIFY COLUMN content UInt64 MATERIALIZED sipHash64(
        campaign_id, brand, placement, ifNull(bid_micros, -1), ifNull(budget_micros, -1), ifNull(reserve_micros, -1),
        starts_at, ifNull(toString(ends_at), ''), toJSONString(targeting), valid_from,
        ifNull(per_thousand_micros, -1), category, ifNull(most_a_day, 0))
