-- What lies in quarantine and holds this text somewhere.
-- grain: source, line, field
SELECT source, line, toString(field) AS field, reason, raw, at FROM quarantine WHERE position(raw, {text:String}) > 0
