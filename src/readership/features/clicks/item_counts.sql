-- One row per item and tick at which its counts changed: how often shown, clicked and opened so far.
-- grain: item_id, tick    leakage rule: as in shown.sql; a row at tick T counts what was known by T
SELECT
    item_id,
    tick,
    sum(clicked) OVER running AS clicks,
    sum(hoped) OVER running AS expected_micros,
    sum(opened) OVER running AS views
FROM
(
    SELECT
        item_id,
        tick,
        toInt64(sum(is_click)) AS clicked,
        toInt64(sum(expected_micros)) AS hoped,
        toInt64(countIf(NOT is_impression AND NOT is_click)) AS opened
    FROM
    (
-- include shown
    )
    GROUP BY item_id, tick
)
WINDOW running AS (PARTITION BY item_id ORDER BY tick ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
ORDER BY item_id, tick
