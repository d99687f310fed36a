-- In which hours of the day (UTC) ads are shown, over the four weeks before as_of.
-- grain: hour    leakage rule: timestamp < as_of and received_at <= as_of
SELECT toHour(timestamp) AS hour, count() AS shown
FROM events
WHERE event_type = 'ad_impression' AND ad_id != ''
    AND timestamp >= {as_of:DateTime64(3, 'UTC')} - toIntervalDay(28) AND timestamp < {as_of:DateTime64(3, 'UTC')}
    AND received_at <= {as_of:DateTime64(3, 'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    AND ({brand:String} = '' OR brand = {brand:String})
GROUP BY hour
ORDER BY hour
