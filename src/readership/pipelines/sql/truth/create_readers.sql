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
    zone UInt8
)
ENGINE = MergeTree
ORDER BY user_id
