-- Names that the first objects of the chunk carry.
-- grain: key
SELECT arrayJoin(JSONExtractKeys(line)) AS key
FROM (SELECT line FROM {staging:Identifier}.lines WHERE startsWith(line, '{') ORDER BY n LIMIT 100)
GROUP BY key
ORDER BY key
