-- Impressions, clicks and earnings of each ad by day, place and category of the article beside it, as known at as_of.
-- grain: day_ms, placement, beside, ad_id    leakage rule: timestamp < as_of and received_at <= as_of
-- An impression counts when its time to be clicked is over, {window_minutes} before as_of; a click belongs to its decision.
SELECT
    intDiv(toUnixTimestamp64Milli(i.timestamp), 86400000) * 86400000 AS day_ms,
    i.placement::String AS placement,
    i.category::String AS beside,
    i.ad_id AS ad_id,
    any(i.campaign_id) AS campaign_id,
    count() AS shown,
    countIf(c.clicks > 0) AS clicked,
    sum(ifNull(i.ad_revenue_micros, 0)) AS shown_micros,
    sum(ifNull(c.micros, 0)) AS click_micros
FROM
(
    SELECT timestamp, placement, category, ad_id, campaign_id, decision_id, session_id, ad_revenue_micros
    FROM events
    WHERE event_type = 'ad_impression' AND ad_id != ''
        AND timestamp < {as_of:DateTime64(3, 'UTC')} - toIntervalMinute({window_minutes:UInt16})
        AND received_at <= {as_of:DateTime64(3, 'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
        AND ({brand:String} = '' OR brand = {brand:String})
) AS i
LEFT JOIN
(
    SELECT
        ad_id, if(decision_id = '', session_id, decision_id) AS shown_in,
        count() AS clicks, sum(ifNull(ad_revenue_micros, 0)) AS micros
    FROM events
    WHERE event_type = 'ad_click' AND ad_id != ''
        AND timestamp < {as_of:DateTime64(3, 'UTC')}
        AND received_at <= {as_of:DateTime64(3, 'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    GROUP BY ad_id, shown_in
) AS c ON c.ad_id = i.ad_id AND c.shown_in = if(i.decision_id = '', i.session_id, i.decision_id)
GROUP BY day_ms, placement, beside, ad_id
ORDER BY day_ms, placement, beside, ad_id
