-- When ads were first shown, and how many decisions there are with and without a logged chance.
-- grain: one row    leakage rule: timestamp < as_of and received_at <= as_of
SELECT min(timestamp) AS first, count() AS shown, countIf(propensity > 0) AS with_chance
FROM events
WHERE event_type = 'ad_impression' AND ad_id != ''
    AND timestamp < {as_of:DateTime64(3, 'UTC')} AND received_at <= {as_of:DateTime64(3, 'UTC')}
    AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    AND ({brand:String} = '' OR brand = {brand:String})
