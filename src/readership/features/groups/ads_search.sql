-- One row per reader with a session in the 90 days before as_of: ads they saw and clicked, and what they searched for.
-- grain: user_id    leakage rule: session_end < as_of, known_at <= as_of, loaded_at <= snapshot_at, newest version by then
SELECT
    user_id,
    ad_impressions_7d, -- ad impressions | ads shown in the last 7 days | 0 when none
    ad_impressions_28d, -- ad impressions | ads shown in the last 28 days | 0 when none
    ad_impressions_90d, -- ad impressions | ads shown in the last 90 days | 0 when none
    ad_clicks_28d, -- ad clicks | clicks on ads in the last 28 days | 0 when none
    ad_clicks_90d, -- ad clicks | clicks on ads in the last 90 days | 0 when none
    if(ad_impressions_90d = 0, NULL, ad_clicks_90d / ad_impressions_90d) AS ad_click_rate_90d, -- ratio | clicks per ad shown in the last 90 days | missing when no ads were shown
    revenue_micros / 1000000 AS ad_revenue_eur_90d, -- EUR | revenue of the ads shown in the last 90 days | 0 when none
    searches_7d, -- searches | searches in the last 7 days | 0 when none
    searches_28d, -- searches | searches in the last 28 days | 0 when none
    searches_90d, -- searches | searches in the last 90 days | 0 when none
    if(last_search_ms = 0, NULL, (toUnixTimestamp64Milli({as_of:DateTime64(3,'UTC')}) - last_search_ms) / 86400000) AS days_since_last_search -- days | days since the last session with a search | missing when none in 90 days
FROM (
    SELECT
        user_id,
        sumIf(ad_impressions, age_days < 7) AS ad_impressions_7d,
        sumIf(ad_impressions, age_days < 28) AS ad_impressions_28d,
        sumIf(ad_impressions, age_days < 90) AS ad_impressions_90d,
        sumIf(ad_clicks, age_days < 28) AS ad_clicks_28d,
        sumIf(ad_clicks, age_days < 90) AS ad_clicks_90d,
        sum(ad_revenue_micros) AS revenue_micros,
        sumIf(searches, age_days < 7) AS searches_7d,
        sumIf(searches, age_days < 28) AS searches_28d,
        sumIf(searches, age_days < 90) AS searches_90d,
        max(if(searches > 0, toUnixTimestamp64Milli(session_end), 0)) AS last_search_ms
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
