-- What a deletion replaced goes from the disk.
-- grain: none
DROP TABLE $staging.$table SYNC
