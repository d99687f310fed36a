-- One row per reader with a session in the 90 days before as_of: whether they come more or less often than before.
-- grain: user_id    leakage rule: session_end < as_of, known_at <= as_of, loaded_at <= snapshot_at, newest version by then
-- slope = sum over weeks k = 0 (newest) .. 11 of (5.5 - k) x count_k, over sum of (5.5 - k)^2 = 143; both are doubled to stay in integers.
SELECT
    user_id,
    if(sessions_14d = 0, NULL, (2 * toInt64(sessions_7d) - toInt64(sessions_14d)) / sessions_14d) AS sessions_change_7d, -- change | sessions of the last 7 days less those of the 7 days before, over their sum | missing when none in both
    if(sessions_28d = 0, NULL, (2 * toInt64(sessions_14d) - toInt64(sessions_28d)) / sessions_28d) AS sessions_change_14d, -- change | sessions of the last 14 days less those of the 14 days before, over their sum | missing when none in both
    if(sessions_56d = 0, NULL, (2 * toInt64(sessions_28d) - toInt64(sessions_56d)) / sessions_56d) AS sessions_change_28d, -- change | sessions of the last 28 days less those of the 28 days before, over their sum | missing when none in both
    if(article_views_14d = 0, NULL, (2 * toInt64(article_views_7d) - toInt64(article_views_14d)) / article_views_14d) AS article_views_change_7d, -- change | article views of the last 7 days less those of the 7 days before, over their sum | missing when none in both
    if(article_views_28d = 0, NULL, (2 * toInt64(article_views_14d) - toInt64(article_views_28d)) / article_views_28d) AS article_views_change_14d, -- change | article views of the last 14 days less those of the 14 days before, over their sum | missing when none in both
    if(article_views_56d = 0, NULL, (2 * toInt64(article_views_28d) - toInt64(article_views_56d)) / article_views_56d) AS article_views_change_28d, -- change | article views of the last 28 days less those of the 28 days before, over their sum | missing when none in both
    if(engaged_14d = 0, NULL, (2 * toInt64(engaged_7d) - toInt64(engaged_14d)) / engaged_14d) AS engaged_change_7d, -- change | reading time of the last 7 days less that of the 7 days before, over their sum | missing when no reading time in both
    if(engaged_28d = 0, NULL, (2 * toInt64(engaged_14d) - toInt64(engaged_28d)) / engaged_28d) AS engaged_change_14d, -- change | reading time of the last 14 days less that of the 14 days before, over their sum | missing when no reading time in both
    if(engaged_56d = 0, NULL, (2 * toInt64(engaged_28d) - toInt64(engaged_56d)) / engaged_56d) AS engaged_change_28d, -- change | reading time of the last 28 days less that of the 28 days before, over their sum | missing when no reading time in both
    sessions_slope_sum / 286 AS sessions_slope_12w, -- sessions per week | slope of a line through the sessions of the last 12 weeks | 0 when none
    article_views_slope_sum / 286 AS article_views_slope_12w -- article views per week | slope of a line through the article views of the last 12 weeks | 0 when none
FROM (
    SELECT
        user_id,
        countIf(age_days < 7) AS sessions_7d,
        countIf(age_days < 14) AS sessions_14d,
        countIf(age_days < 28) AS sessions_28d,
        countIf(age_days < 56) AS sessions_56d,
        sumIf(article_views, age_days < 7) AS article_views_7d,
        sumIf(article_views, age_days < 14) AS article_views_14d,
        sumIf(article_views, age_days < 28) AS article_views_28d,
        sumIf(article_views, age_days < 56) AS article_views_56d,
        sumIf(engaged_ms, age_days < 7) AS engaged_7d,
        sumIf(engaged_ms, age_days < 14) AS engaged_14d,
        sumIf(engaged_ms, age_days < 28) AS engaged_28d,
        sumIf(engaged_ms, age_days < 56) AS engaged_56d,
        sum(if(age_days < 84, 11 - 2 * toInt64(intDiv(age_days, 7)), 0)) AS sessions_slope_sum,
        sum(if(age_days < 84, (11 - 2 * toInt64(intDiv(age_days, 7))) * toInt64(article_views), 0)) AS article_views_slope_sum
    FROM (
        SELECT *, toUInt8(intDiv(dateDiff('millisecond', session_end, {as_of:DateTime64(3,'UTC')}) - 1, 86400000)) AS age_days
        FROM session_versions
        WHERE known_at <= {as_of:DateTime64(3,'UTC')}
          AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')}
          AND session_end < {as_of:DateTime64(3,'UTC')}
          AND session_end >= {as_of:DateTime64(3,'UTC')} - INTERVAL 90 DAY
          AND tombstone = 0
          AND row_id NOT IN (
              SELECT replaces FROM session_versions
              WHERE replaces != 0 AND known_at <= {as_of:DateTime64(3,'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')})
    )
    GROUP BY user_id
)
