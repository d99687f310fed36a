-- What does not change about each simulated person.
-- grain: user_id
CREATE TABLE IF NOT EXISTS {truth:Identifier}.readers
(
    user_id UInt64,
    kind UInt8 COMMENT '0 member, 1 casual reader, 2 passer-by',
    arrived Int32 COMMENT 'day of the world on which the person came first; negative: before it began',
    rate Float64 COMMENT 'sessions a day at full habit',
    drift Float64 COMMENT 'growth of interest a day (log)',
    fickleness Float64 COMMENT 'hazard of leaving a day of a reader without habit or satisfaction',
    weekday Array(Float64) COMMENT 'multiplies the rate, Monday first',
    day_part UInt8,
    zone UInt8,
    price_sensitivity Float64 COMMENT '1 is middling',
    depth Float64 COMMENT 'multiplies the chance of a click on an article',
    patience Float64 COMMENT 'multiplies dwell',
    ad_tolerance Float64 COMMENT 'multiplies the chance of a click on an advertisement; divides their weight on the mood',
    offer_type UInt8 COMMENT 'answer to an offer to subscribe: 0 persuadable, 1 sure thing, 2 lost cause, 3 sleeping dog',
    offer_effect Float64 COMMENT 'log of the factor by which a standing offer changes the wish to subscribe',
    retention_type UInt8 COMMENT 'answer to a retention offer, likewise',
    retention_effect Float64 COMMENT 'log of the factor by which it changes the wish not to renew'
)
ENGINE = MergeTree
ORDER BY user_id
