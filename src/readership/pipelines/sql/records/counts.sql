-- How many rows of the load are new, changed, repeats.
-- grain: verdict
SELECT verdict, count() AS rows
FROM
(
    SELECT
        n,
        multiIf(
            countIf(verdict = 'conflict') > 0, 'conflict', countIf(verdict = 'new') > 0, 'new',
            countIf(verdict = 'changed') > 0, 'changed', 'repeat') AS verdict
    FROM {staging:Identifier}.decided
    GROUP BY n
)
GROUP BY verdict
