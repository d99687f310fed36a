-- Units of exposures that are deleted.
-- grain: unit
CREATE TABLE {staging:Identifier}.gone_units (unit String) ENGINE = Memory
