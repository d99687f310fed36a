-- Exposures of one reader, by their number or id.
-- grain: unit, experiment, at
SELECT * FROM exposures WHERE unit IN {units:Array(String)}
