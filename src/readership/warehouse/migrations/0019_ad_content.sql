-- Which ad a row is a version of, and what it says, as numbers: the same file twice adds nothing.
-- grain: none
ALTER TABLE ads
    ADD COLUMN version_of UInt64 MATERIALIZED sipHash64(ad_id),
    ADD COLUMN content UInt64 MATERIALIZED sipHash64(
        campaign_id, brand, placement, ifNull(bid_micros, -1), ifNull(budget_micros, -1), ifNull(reserve_micros, -1),
        starts_at, ifNull(toString(ends_at), ''), toJSONString(targeting), valid_from)
