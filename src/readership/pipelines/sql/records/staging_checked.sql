-- The rows of one chunk by our fields, typed, with the first field that cannot be understood.
-- grain: n
CREATE TABLE {staging:Identifier}.checked
(
    n UInt64,
    fields Map(String, String),
    times Map(String, Nullable(Int64)),
    micros Map(String, Nullable(Int64)),
    field String,
    reason String
)
ENGINE = Memory
