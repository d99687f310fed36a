-- Time zones met in the events whose clock changes are not stored yet.
-- grain: timezone
SELECT DISTINCT toString(timezone) AS zone
FROM events
WHERE timezone != '' AND timezone NOT IN (SELECT timezone FROM zone_offsets)
ORDER BY zone
