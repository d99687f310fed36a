-- One row: what all readers who agree to analytics did, for exploration and monitoring. Never a model input: it is a clock.
-- grain: as_of    leakage rule: session_end < as_of, known_at <= as_of, loaded_at <= snapshot_at, newest version by then
-- Readers whose stated consent differs from the default are in the set when the default is against, out of it when the default is for.
-- model_input: no
SELECT
    countIf(age_days < 1) AS publisher_sessions_1d, -- sessions | sessions of the whole publisher in the last day | 0 when none
    uniqExactIf(user_id, age_days < 1) AS publisher_readers_1d, -- readers | different readers of the whole publisher in the last day | 0 when none
    sumIf(article_views, age_days < 1) AS publisher_article_views_1d, -- article views | article views of the whole publisher in the last day | 0 when none
    sumIf(engaged_ms, age_days < 1) / 3600000 AS publisher_engaged_hours_1d, -- hours | reading time of the whole publisher in the last day | 0 when none
    countIf(age_days < 7) AS publisher_sessions_7d, -- sessions | sessions of the whole publisher in the last 7 days | 0 when none
    uniqExactIf(user_id, age_days < 7) AS publisher_readers_7d, -- readers | different readers of the whole publisher in the last 7 days | 0 when none
    sumIf(article_views, age_days < 7) AS publisher_article_views_7d, -- article views | article views of the whole publisher in the last 7 days | 0 when none
    sumIf(engaged_ms, age_days < 7) / 3600000 AS publisher_engaged_hours_7d, -- hours | reading time of the whole publisher in the last 7 days | 0 when none
    countIf(age_days < 28) AS publisher_sessions_28d, -- sessions | sessions of the whole publisher in the last 28 days | 0 when none
    uniqExactIf(user_id, age_days < 28) AS publisher_readers_28d, -- readers | different readers of the whole publisher in the last 28 days | 0 when none
    sumIf(article_views, age_days < 28) AS publisher_article_views_28d, -- article views | article views of the whole publisher in the last 28 days | 0 when none
    sumIf(engaged_ms, age_days < 28) / 3600000 AS publisher_engaged_hours_28d, -- hours | reading time of the whole publisher in the last 28 days | 0 when none
    if(publisher_sessions_28d = 0, NULL, 4 * publisher_sessions_7d / publisher_sessions_28d) AS publisher_sessions_7d_over_28d -- ratio | the whole publisher's sessions of the last 7 days over a quarter of those of the last 28 | missing when no sessions in 28 days
FROM (
    SELECT *, toUInt8(intDiv(dateDiff('millisecond', session_end, {as_of:DateTime64(3,'UTC')}) - 1, 86400000)) AS age_days
    FROM session_versions
    WHERE known_at <= {as_of:DateTime64(3,'UTC')}
      AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')}
      AND session_end < {as_of:DateTime64(3,'UTC')}
      AND session_end >= {as_of:DateTime64(3,'UTC')} - INTERVAL 28 DAY
      AND tombstone = 0
      AND row_id NOT IN (
          SELECT replaces FROM session_versions
          WHERE replaces != 0 AND known_at <= {as_of:DateTime64(3,'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')})
      AND (user_id IN (
          SELECT user_id
          FROM session_versions
          WHERE known_at <= {as_of:DateTime64(3,'UTC')}
            AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')}
            AND session_end < {as_of:DateTime64(3,'UTC')}
            AND consent IS NOT NULL
            AND tombstone = 0
            AND row_id NOT IN (
                SELECT replaces FROM session_versions
                WHERE replaces != 0 AND known_at <= {as_of:DateTime64(3,'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')})
          GROUP BY user_id
          HAVING bitAnd(bitXor(assumeNotNull(argMax(consent, bitOr(bitShiftLeft(toUInt128(toUnixTimestamp64Milli(session_end)), 64), toUInt128(row_id)))), {default_consent:UInt8}), 1) != 0
      )) != (bitAnd({default_consent:UInt8}, 1) != 0)
)
