-- Forgets the columns a table had.
-- grain: source
ALTER TABLE adopted_columns DELETE WHERE source = {source:String} SETTINGS mutations_sync = 1
