-- The parts of a table that are in use, without those that a deletion replaced; nothing is copied.
-- grain: none
ALTER TABLE $staging.$table ATTACH PARTITION ALL FROM $database.$table
