-- How many exposures are of units that are erased.
-- grain: one row
SELECT count() FROM exposures WHERE unit IN (SELECT unit FROM {staging:Identifier}.gone_units)
