-- Rows that session_versions has to hold for the readers in scope.
-- grain: row_id
CREATE TABLE {staging:Identifier}.spans
(
    row_id UInt64,
    replaces UInt64,
    tombstone UInt8,
    user_id UInt64,
    source_id String,
    session_id String,
    run_ms Int64,
    first_ms Int64,
    last_ms Int64,
    through_ms Int64,
    known_ms Int64
)
ENGINE = Memory
