-- The file the engine reads a chunk of JSON lines from, where it runs in this process.
-- grain: line
CREATE TABLE {staging:Identifier}.lines_file
(
    line String
)
ENGINE = File(LineAsString)
