-- One row per reader with a session before as_of: tier, country, device, brand and segment as last stated.
-- grain: user_id    leakage rule: session_end < as_of, known_at <= as_of, loaded_at <= snapshot_at, newest version by then
-- order_of_end is (session_end, row_id) as one number: the last session, the same one whatever the order of rows.
WITH bitOr(bitShiftLeft(toUInt128(toUnixTimestamp64Milli(session_end)), 64), toUInt128(row_id)) AS order_of_end
SELECT
    user_id,
    nullIf(argMaxIf(subscription_tier, order_of_end, subscription_tier != ''), '') AS tier, -- category | subscription tier last stated | missing when no tier was ever stated
    nullIf(argMaxIf(country, order_of_end, country != ''), '') AS country, -- category | country last stated | missing when no session names one
    nullIf(argMaxIf(device_type, order_of_end, device_type != ''), '') AS device_type, -- category | device type last used | missing when no session names one
    nullIf(argMaxIf(device_os, order_of_end, device_os != ''), '') AS device_os, -- category | operating system last used | missing when no session names one
    nullIf(argMaxIf(browser, order_of_end, browser != ''), '') AS browser, -- category | browser last used | missing when no session names one
    nullIf(argMaxIf(user_segment, order_of_end, user_segment != ''), '') AS user_segment, -- category | segment last stated by the publisher | missing when no session names one
    nullIf(argMaxIf(brand, order_of_end, brand != ''), '') AS brand -- category | brand last visited | missing when no session names one
FROM session_versions
WHERE known_at <= {as_of:DateTime64(3,'UTC')}
  AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')}
  AND session_end < {as_of:DateTime64(3,'UTC')}
  AND tombstone = 0
  AND row_id NOT IN (
      SELECT replaces FROM session_versions
      WHERE replaces != 0 AND known_at <= {as_of:DateTime64(3,'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')})
GROUP BY user_id
