-- What becomes of each version of one load.
-- grain: n, part
CREATE TABLE {staging:Identifier}.decided
(
    n UInt64,
    part UInt8,
    received_at DateTime64(3, 'UTC'),
    first_n UInt64 COMMENT 'the row that states this version first',
    verdict String COMMENT 'new, changed (a further version of what is stored), repeat, conflict'
)
ENGINE = MergeTree
ORDER BY (n, part)
