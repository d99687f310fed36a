-- Leave out events whose reader's id shares its number with another's.
-- grain: n
ALTER TABLE {staging:Identifier}.rows UPDATE field = 'user_id'
WHERE field = '' AND n IN (SELECT n FROM {staging:Identifier}.reasons)
