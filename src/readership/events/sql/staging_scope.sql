-- Readers whose sessions are to be built again, and from when on; no session begins before that moment and ends after it.
-- grain: user_id
CREATE TABLE {staging:Identifier}.scope
(
    user_id UInt64,
    from_ms Int64,
    bucket UInt32 COMMENT 'readers of one bucket are built together'
)
ENGINE = Memory
