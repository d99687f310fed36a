-- Versions of the batch's sessions that are not stored yet.
-- grain: row_id
CREATE TABLE {staging:Identifier}.fresh
(
    n UInt64,
    row_id UInt64,
    replaces UInt64,
    version UInt32,
    known_ms Int64,
    starts UInt8 COMMENT '1: the first session with a paid tier after one without',
    cancels UInt8 COMMENT '1: the first session without a paid tier after one with'
)
ENGINE = Memory
