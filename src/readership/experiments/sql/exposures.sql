-- How many exposures of the experiment there are by variant and source, known or not, within its time or not.
-- grain: variant    leakage rule: at < now, received_at <= now, loaded_at <= snapshot_at
SELECT
    variant, countIf(at >= {start:DateTime64(3, 'UTC')} AND at < {end:DateTime64(3, 'UTC')}) AS within, count() - within AS outside,
    toString(min(at)) AS first, toString(max(at)) AS last
FROM
(
    SELECT variant::String AS variant, at, received_at, loaded_at FROM exposures WHERE experiment = {experiment:String}
    UNION ALL
    SELECT variant::String AS variant, timestamp AS at, received_at, loaded_at FROM events WHERE experiment = {experiment:String}
)
WHERE at < {now:DateTime64(3, 'UTC')} AND received_at <= {now:DateTime64(3, 'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
GROUP BY variant
ORDER BY variant
