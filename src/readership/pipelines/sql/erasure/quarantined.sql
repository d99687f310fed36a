-- What lies in quarantine, with a hash of where it stands and what it holds.
-- grain: source, line, field
SELECT sipHash64(source, line, field, raw) AS row_hash, raw FROM quarantine
