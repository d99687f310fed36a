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
    leave_probability Float64 COMMENT 'that an active reader left at that midnight',
    tier UInt8 COMMENT '1 free, 2 premium, 3 pro, 4 enterprise',
    meter UInt16 COMMENT 'paywalled articles opened this month',
    offered_days Float64 COMMENT 'for which an offer to subscribe still stands; 0: none does',
    asked_this_span Bool COMMENT 'was eligible for an offer to subscribe in this span of 28 days already',
    start_when_asked Float64 COMMENT 'probability of beginning to pay when asked once; 0 for payers',
    cancel_wish Float64 COMMENT 'probability of not renewing, were it decided today without an offer; 0 for the others'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (day, user_id)
