-- One row per row of a CSV or Parquet file, in the shape that `typed` reads.
-- grain: n
SELECT
    * REPLACE (
        if(startsWith(metadata, '{') OR metadata = '', JSONExtract(metadata, 'Map(String, String)'), map('value', metadata))
            AS metadata),
    line_problem != '' AS line_suspect,
    0 AS unexpected,
    '' AS raw
FROM {staging:Identifier}.records
