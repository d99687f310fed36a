-- How many readers a label's statement asks about, and how many of its answers are 1. Reads `labelled`.
-- grain: one row
SELECT count() AS asked, sum(label) AS positives FROM labelled
