-- The units that were exposed to something: readers by their numbers or ids, devices, sessions.
-- grain: unit
SELECT DISTINCT unit FROM exposures
