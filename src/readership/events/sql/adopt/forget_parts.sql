-- Forgets which parts of a table were read.
-- grain: source
ALTER TABLE adopted_parts DELETE WHERE source = {source:String} SETTINGS mutations_sync = 1
