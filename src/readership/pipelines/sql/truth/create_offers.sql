-- Every reader who could be made an offer, whether it was made, and what would come of it either way.
-- grain: decision_id
CREATE TABLE IF NOT EXISTS {truth:Identifier}.offers
(
    timestamp DateTime64(3, 'UTC'),
    decision_id String,
    user_id UInt64,
    experiment LowCardinality(String) COMMENT 'subscription_offer or retention_offer',
    made Bool,
    propensity Nullable(Float64) COMMENT 'of what was done, in the standing arm; null outside it',
    if_offered Float64 COMMENT 'probability of a start within the session, or of not renewing as things stand, with the offer',
    if_not Float64 COMMENT 'the same without it'
)
ENGINE = MergeTree
ORDER BY (experiment, timestamp, decision_id)
