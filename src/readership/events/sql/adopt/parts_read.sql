-- Parts of a table as they were when they were last read.
-- grain: part
SELECT part, rows, newest FROM adopted_parts FINAL
WHERE source = {source:String} AND mapping = {mapping:String}
