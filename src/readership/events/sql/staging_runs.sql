-- Events that belong together: those of one session id of the source, else those less than 30 minutes apart.
-- grain: user_id, source_id, run
CREATE TABLE {staging:Identifier}.runs
(
    user_id UInt64,
    source_id String,
    run Array(Tuple(Int64, Int64, UInt64)) COMMENT 'time, first moment that may use it, hash of its id; in order of time',
    simple UInt8 COMMENT '1: there was never anything to know but the whole'
)
ENGINE = Memory
