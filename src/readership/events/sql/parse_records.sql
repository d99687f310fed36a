-- One row per row of a CSV or Parquet file, in the shape that `normalise` reads.
-- grain: n
SELECT * REPLACE (JSONExtract(metadata, 'Map(String, String)') AS metadata)
FROM {staging:Identifier}.records
