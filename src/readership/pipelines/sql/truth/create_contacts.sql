-- Readers whom a campaign contacts in this world, from when on, and with which offer.
-- grain: campaign, user_id
CREATE TABLE IF NOT EXISTS {truth:Identifier}.contacts
(
    campaign String,
    kind LowCardinality(String) COMMENT 'subscription_offer or retention_offer',
    since DateTime64(3, 'UTC'),
    user_id UInt64
)
ENGINE = MergeTree
ORDER BY (campaign, user_id)
