-- Since when there are events that were sent: sessions from then on are built from these.
-- grain: one row
SELECT ifNull(minOrNull(toUnixTimestamp64Milli(timestamp)), 9223372036854775807) FROM events WHERE origin = ''
