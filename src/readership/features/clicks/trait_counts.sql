-- One row per trait of items (an author, a topic) and tick at which its counts over all readers changed.
-- grain: trait, word, tick    leakage rule: as in shown.sql
SELECT trait, word, tick, sum(clicked) OVER running AS clicks, sum(hoped) OVER running AS expected_micros
FROM
(
    SELECT
        pair.1 AS trait,
        pair.2 AS word,
        tick,
        toInt64(sum(is_click)) AS clicked,
        toInt64(sum(expected_micros)) AS hoped
    FROM
    (
-- include shown
    )
    ARRAY JOIN traits AS pair
    WHERE is_impression OR is_click
    GROUP BY trait, word, tick
)
WINDOW running AS (PARTITION BY trait, word ORDER BY tick ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
ORDER BY trait, word, tick
