-- Parts of one load are written as one file each; merges lay large parts out by column.
-- grain: none
ALTER TABLE events MODIFY SETTING min_bytes_for_wide_part = 134217728
