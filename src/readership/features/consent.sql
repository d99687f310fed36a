-- One row per reader with a session before as_of: the purposes they agree to, as last stated by then.
-- grain: user_id    leakage rule: session_end < as_of, known_at <= as_of, loaded_at <= snapshot_at, newest version by then
-- bits: 1 analytics, 2 personalisation, 4 advertising, 8 marketing
SELECT
    user_id,
    toUInt8(coalesce(argMaxIf(consent, bitOr(bitShiftLeft(toUInt128(toUnixTimestamp64Milli(session_end)), 64), toUInt128(row_id)), consent IS NOT NULL), {default_consent:UInt8})) AS consent
FROM session_versions
WHERE known_at <= {as_of:DateTime64(3,'UTC')}
  AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')}
  AND session_end < {as_of:DateTime64(3,'UTC')}
  AND tombstone = 0
  AND row_id NOT IN (
      SELECT replaces FROM session_versions
      WHERE replaces != 0 AND known_at <= {as_of:DateTime64(3,'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')})
GROUP BY user_id
