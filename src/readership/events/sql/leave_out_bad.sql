-- Drops these rows from what goes to quarantine.
-- grain: none
ALTER TABLE {staging:Identifier}.bad DELETE WHERE n IN {rows:Array(UInt64)}
