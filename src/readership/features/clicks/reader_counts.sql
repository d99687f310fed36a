-- One row per reader, trait of items (''  for all items) and tick at which the reader's counts changed.
-- grain: user_id, trait, word, tick    leakage rule: as in shown.sql
SELECT
    user_id,
    trait,
    word,
    tick,
    sum(clicked) OVER running AS clicks,
    sum(hoped) OVER running AS expected_micros,
    newest_ms,
    tier
FROM
(
    SELECT
        user_id,
        pair.1 AS trait,
        pair.2 AS word,
        tick,
        toInt64(sum(is_click)) AS clicked,
        toInt64(sum(expected_micros)) AS hoped,
        max(at_ms) AS newest_ms,
        argMax(tier, (at_ms, tier)) AS tier
    FROM
    (
-- include shown
    )
    ARRAY JOIN arrayConcat([('', '')], traits) AS pair
    WHERE is_impression OR is_click
    GROUP BY user_id, trait, word, tick
)
WINDOW running AS (PARTITION BY user_id, trait, word ORDER BY tick ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
ORDER BY user_id, trait, word, tick
