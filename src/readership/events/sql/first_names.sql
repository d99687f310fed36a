-- Which of the names (patterns, numbered from 1) occur in the first lines of the chunk.
-- grain: one row
SELECT groupUniqArrayArray(multiMatchAllIndices(line, {names:Array(String)}))
FROM (SELECT line FROM {staging:Identifier}.lines LIMIT 2000)
