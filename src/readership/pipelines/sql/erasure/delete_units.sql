-- Deletes the exposures of units that are erased.
-- grain: none
ALTER TABLE exposures DELETE WHERE unit IN (SELECT unit FROM {staging:Identifier}.gone_units) SETTINGS mutations_sync = 2
