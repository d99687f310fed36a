-- Whose erasure was carried out here.
-- grain: mark
SELECT DISTINCT mark FROM erased
