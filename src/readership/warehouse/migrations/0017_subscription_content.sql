-- Which paid period a row is a version of, and what it says, as numbers: the same file twice adds nothing.
-- grain: none
ALTER TABLE subscriptions
    ADD COLUMN version_of UInt64 MATERIALIZED sipHash64(user_id, plan, period_start),
    ADD COLUMN content UInt64 MATERIALIZED sipHash64(
        period_end, ifNull(price_micros, -1), ifNull(toString(cancelled_at), ''), reason, brand, valid_from)
