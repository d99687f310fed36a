-- The brands of the log, the one with most readers first.
-- grain: brand
SELECT brand::String AS brand, uniq(user_id) AS readers
FROM session_versions
WHERE brand != ''
GROUP BY brand
ORDER BY readers DESC, brand
