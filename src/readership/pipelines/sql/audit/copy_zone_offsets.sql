-- Copies when the clocks of each time zone change: a fact of calendars, not of readers.
-- grain: timezone, starts_at
INSERT INTO {target:Identifier}.zone_offsets
SELECT * FROM {source:Identifier}.zone_offsets
