-- What identifies rows of the chunk that have no UUID of their own.
-- grain: n
CREATE TABLE {staging:Identifier}.marks
(
    n UInt64,
    stated UInt8 COMMENT '1: by an id the source gave; 0: by the content',
    content UInt128
)
ENGINE = Memory
