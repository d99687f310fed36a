-- The hidden state of each registered reader as a day begins: after midnight's step, before any visit.
-- grain: day, user_id
CREATE TABLE IF NOT EXISTS {truth:Identifier}.reader_days
(
    day Date,
    user_id UInt64,
    phase UInt8 COMMENT '0 active, 1 pausing, 2 gone',
    newsletter Bool,
    habit Float64,
    satisfaction Float64,
    visit_rate Float64 COMMENT 'sessions expected that day on ordinary news, if active',
    leave_probability Float64 COMMENT 'that an active reader left at that midnight'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (day, user_id)
