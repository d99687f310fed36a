-- Recorded spans in which tracking failed.
-- grain: starts_at
SELECT starts_at, ends_at, brand, note FROM outages WHERE received_at <= {as_of:DateTime64(3,'UTC')} ORDER BY starts_at
