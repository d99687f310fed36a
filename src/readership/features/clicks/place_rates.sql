-- One row per place (placement, device, position) with enough impressions: millionths of clicks per impression.
-- grain: place    leakage rule: timestamp in [since, until), received_at <= until, loaded_at <= snapshot_at
SELECT
    concat(placement, '|', device_type, '|', toString(coalesce(position, 0))) AS place,
    toInt64(countIf(event_type = concat({thing:String}, '_impression'))) AS impressions,
    toInt64(countIf(event_type = concat({thing:String}, '_click'))) AS clicks
FROM events
WHERE event_type IN (concat({thing:String}, '_impression'), concat({thing:String}, '_click'))
    AND timestamp >= {since:DateTime64(3, 'UTC')} AND timestamp < {until:DateTime64(3, 'UTC')}
    AND received_at <= {until:DateTime64(3, 'UTC')}
    AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
GROUP BY place
HAVING impressions > 0
ORDER BY place
