-- What may be shown where, at what price and until when; a change appends a row. Money is kept in millionths of a euro.
-- grain: ad_id, received_at
CREATE TABLE ads
(
    ad_id String,
    campaign_id String,
    brand LowCardinality(String) COMMENT 'empty: every brand',
    placement LowCardinality(String) COMMENT 'empty: every placement',
    bid_micros Nullable(Int64),
    budget_micros Nullable(Int64) COMMENT 'of the campaign, for its whole length; null where it has no limit',
    reserve_micros Nullable(Int64) COMMENT 'the least this placement is sold for',
    starts_at DateTime64(3, 'UTC'),
    ends_at Nullable(DateTime64(3, 'UTC')) COMMENT 'the first moment it may not be shown any more; null: open',
    targeting Map(LowCardinality(String), String),
    valid_from DateTime64(3, 'UTC'),
    received_at DateTime64(3, 'UTC'),
    loaded_at DateTime64(3, 'UTC'),
    bid_eur Nullable(Float64) ALIAS bid_micros / 1000000,
    budget_eur Nullable(Float64) ALIAS budget_micros / 1000000,
    reserve_eur Nullable(Float64) ALIAS reserve_micros / 1000000
)
ENGINE = MergeTree
ORDER BY (ad_id, received_at)
