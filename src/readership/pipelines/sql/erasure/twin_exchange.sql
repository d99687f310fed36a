-- The twin takes the table's place, in one step.
-- grain: none
EXCHANGE TABLES $staging.$table AND $database.$table
