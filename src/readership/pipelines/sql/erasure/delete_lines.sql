-- Deletes rows of the quarantine.
-- grain: none
ALTER TABLE quarantine
DELETE WHERE sipHash64(source, line, field, raw) IN (SELECT row_hash FROM {staging:Identifier}.gone_lines)
SETTINGS mutations_sync = 2
