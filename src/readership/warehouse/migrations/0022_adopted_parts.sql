-- What was read of a publisher's own table: one row a part of it (a day, as a rule), the newest row counts.
-- grain: source, mapping, part
CREATE TABLE adopted_parts
(
    source String COMMENT 'host:port/database.table',
    mapping String COMMENT 'hash of the mapping it was read by',
    part String,
    rows UInt64 COMMENT 'how many rows the part had when it was read',
    newest String COMMENT 'when the newest of them was written, as the source says it',
    read_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(read_at)
ORDER BY (source, mapping, part)
