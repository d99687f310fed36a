-- Which of the names occur in lines that hold one of the names not met in the first lines.
-- grain: one row
SELECT groupUniqArrayArray(multiMatchAllIndices(line, {names:Array(String)}))
FROM {staging:Identifier}.lines
WHERE multiMatchAny(line, {absent:Array(String)})
