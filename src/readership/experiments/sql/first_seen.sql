    -- One row per unit of the audience seen in the span: when it was first seen there, as its exposure to variant 1.
    -- grain: unit    leakage rule: start <= timestamp < end, received_at <= now, loaded_at <= snapshot_at; readers who withdrew consent to analytics are left out
    exposed AS
    (
        SELECT
            multiIf({unit:String} = 'reader', user_id, {unit:String} = 'device', sipHash64(device_id), sipHash64(session_id)) AS unit,
            min(bitShiftLeft(toUInt64(toUnixTimestamp64Milli(timestamp)), 8) + 1) AS first, false AS switched
        FROM events
        WHERE timestamp >= {start:DateTime64(3, 'UTC')} AND timestamp < {end:DateTime64(3, 'UTC')}
            AND received_at <= {now:DateTime64(3, 'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
            AND multiIf({unit:String} = 'reader', true, {unit:String} = 'device', device_id != '', session_id != '')
            AND (empty({brand:Array(String)}) OR brand IN {brand:Array(String)})
            AND (empty({country:Array(String)}) OR country IN {country:Array(String)})
            AND (empty({device_type:Array(String)}) OR device_type IN {device_type:Array(String)})
            AND (empty({subscription_tier:Array(String)}) OR subscription_tier IN {subscription_tier:Array(String)})
            AND NOT ({unit:String} = 'reader' AND user_id IN (SELECT user_id FROM agreed WHERE bitAnd(consent, 1) = 0))
        GROUP BY unit
    ),
