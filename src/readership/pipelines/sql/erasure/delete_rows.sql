-- Deletes the rows of readers who are erased.
-- grain: none
ALTER TABLE {database:Identifier}.{table:Identifier}
DELETE WHERE user_id IN (SELECT user_id FROM {staging:Identifier}.gone)
SETTINGS mutations_sync = 2
