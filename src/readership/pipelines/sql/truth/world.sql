-- The world this warehouse holds: no row, or one.
SELECT state, version, readers, days, seed, starts_at FROM {truth:Identifier}.worlds ORDER BY at DESC LIMIT 1
