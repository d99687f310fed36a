    -- One row per unit: its first exposure within the experiment, in milliseconds, with the place of its variant packed in.
    -- grain: unit    leakage rule: start <= at < end, at < now, received_at <= now, loaded_at <= snapshot_at; readers who withdrew consent to analytics are left out
    exposed AS
    (
        SELECT unit, min(bitShiftLeft(toUInt64(toUnixTimestamp64Milli(at)), 8) + place) AS first, min(place) != max(place) AS switched
        FROM
        (
            SELECT
                multiIf({unit:String} = 'reader', toUInt64OrZero(unit), sipHash64(unit)) AS unit,
                indexOf({variants:Array(String)}, variant) AS place, at
            FROM exposures
            WHERE experiment = {experiment:String} AND exposures.unit != ''
                AND NOT ({unit:String} = 'reader' AND exposures.unit != '0' AND toUInt64OrZero(exposures.unit) = 0)
                AND at >= {start:DateTime64(3, 'UTC')} AND at < {end:DateTime64(3, 'UTC')} AND at < {now:DateTime64(3, 'UTC')}
                AND received_at <= {now:DateTime64(3, 'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
            UNION ALL
            SELECT
                multiIf({unit:String} = 'reader', user_id, {unit:String} = 'device', sipHash64(device_id), sipHash64(session_id)) AS unit,
                indexOf({variants:Array(String)}, variant) AS place, timestamp AS at
            FROM events
            WHERE experiment = {experiment:String}
                AND multiIf({unit:String} = 'reader', true, {unit:String} = 'device', device_id != '', session_id != '')
                AND at >= {start:DateTime64(3, 'UTC')} AND at < {end:DateTime64(3, 'UTC')} AND at < {now:DateTime64(3, 'UTC')}
                AND received_at <= {now:DateTime64(3, 'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
        )
        WHERE place > 0
            AND NOT ({unit:String} = 'reader' AND unit IN (SELECT user_id FROM agreed WHERE bitAnd(consent, 1) = 0))
        GROUP BY unit
    ),
