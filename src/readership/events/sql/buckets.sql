-- The buckets of readers to build, one after the other.
-- grain: bucket
SELECT bucket, min(user_id) AS least_reader, max(user_id) AS greatest_reader
FROM {staging:Identifier}.scope
GROUP BY bucket
ORDER BY bucket
