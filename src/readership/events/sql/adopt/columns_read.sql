-- Columns of a table as they were when it was first read by a mapping, the newest mapping first.
-- grain: mapping, column_name
SELECT mapping, column_name, column_type FROM adopted_columns FINAL
WHERE source = {source:String}
ORDER BY read_at DESC, mapping, column_name
