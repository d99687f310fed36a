-- Time zones of the batch whose clock changes are not stored yet.
-- grain: timezone
SELECT DISTINCT toString(timezone) AS zone
FROM {staging:Identifier}.sessions
WHERE timezone != '' AND timezone NOT IN (SELECT timezone FROM zone_offsets)
ORDER BY zone
