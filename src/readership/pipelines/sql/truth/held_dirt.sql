-- The kinds of dirt that the held world was made with.
-- grain: kind
SELECT DISTINCT kind::String FROM {truth:Identifier}.dirt WHERE rows = 0 ORDER BY kind
