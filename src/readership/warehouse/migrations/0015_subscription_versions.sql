-- Paid periods say which brand they pay for, since when each version of one is true, and their price in whole millionths.
-- grain: none
ALTER TABLE subscriptions
    ADD COLUMN brand LowCardinality(String) COMMENT 'empty: every brand',
    ADD COLUMN valid_from DateTime64(3, 'UTC') DEFAULT period_start,
    ADD COLUMN price_micros Nullable(Int64) DEFAULT toInt64(round(price_eur * 1000000))
