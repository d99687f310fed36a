-- Payers on the day on which they decided whether to renew: the chance that they would not.
-- grain: day, user_id
CREATE TABLE IF NOT EXISTS {truth:Identifier}.renewals
(
    day Date,
    user_id UInt64,
    cancel_probability Float64 COMMENT 'as it was',
    if_offered Float64 COMMENT 'had a retention offer been made',
    if_not Float64 COMMENT 'had none been made'
)
ENGINE = MergeTree
ORDER BY (day, user_id)
