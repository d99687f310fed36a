-- The columns of a publisher's own table as they were when it was first read.
-- grain: source, mapping, column_name
CREATE TABLE adopted_columns
(
    source String COMMENT 'host:port/database.table',
    mapping String COMMENT 'hash of the mapping it was read by',
    column_name String,
    column_type String,
    read_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(read_at)
ORDER BY (source, mapping, column_name)
