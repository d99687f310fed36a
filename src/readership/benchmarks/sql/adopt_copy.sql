-- The same rows from table to table inside the engine, checking nothing: the peer.
-- grain: visit_uuid
CREATE TABLE publisher.copied ENGINE = MergeTree PARTITION BY toYYYYMM(begin) ORDER BY (reader_hash, begin)
AS SELECT * FROM publisher.visits
