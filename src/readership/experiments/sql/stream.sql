    -- What was seen of units, one row an event, or a prediction of the task named.
    -- grain: event, or prediction    leakage rule: before now, received_at <= now, loaded_at <= snapshot_at
    stream AS
    (
        SELECT
            unit, seen, arrayMap((of, amount) -> if(of IN (0, type), amounts[amount], 0), {of_types:Array(UInt8)}, {amounts:Array(UInt8)}) AS adds,
            mark, toFloat64(0) AS score, 0 AS predicted
        FROM
        (
            SELECT
                multiIf({unit:String} = 'reader', user_id, {unit:String} = 'device', sipHash64(device_id), sipHash64(session_id)) AS unit,
                toUnixTimestamp64Milli(timestamp) AS seen, toString({segment:Identifier}) AS mark,
                toUInt8(indexOf({types:Array(String)}, event_type)) AS type,
                [toInt64(1), toInt64(ifNull(engaged_ms, 0)), toInt64(ifNull(ad_revenue_micros, 0))] AS amounts
            FROM events
            WHERE timestamp >= {since:DateTime64(3, 'UTC')} AND timestamp < {now:DateTime64(3, 'UTC')}
                AND received_at <= {now:DateTime64(3, 'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
        )
        UNION ALL
        SELECT user_id AS unit, toUnixTimestamp64Milli(at) AS seen, []::Array(Int64) AS adds, '' AS mark, toFloat64(score) AS score, 1 AS predicted
        FROM predictions
        WHERE task = {prediction:String} AND NOT endsWith(decision_id, '/shadow') AND at < {now:DateTime64(3, 'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    ),
    -- What was seen of each unit exposed, and how many milliseconds after its exposure; a unit of which nothing was seen has one row.
    -- grain: event, or prediction, of a unit exposed    leakage rule: none of its own
    met AS
    (
        SELECT unit, first, switched, adds, mark, score, predicted, seen - bitShiftRight(first, 8)::Int64 AS later
        FROM stream
        RIGHT JOIN exposed USING unit
    ),
