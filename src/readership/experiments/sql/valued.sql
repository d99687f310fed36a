    -- The values of a unit, in the order asked for: a measure (0: days) after its exposure (0) or before (1), or its prediction (2).
    -- A unit of which nothing was seen has none, which adds up to the same as zeros.
    -- grain: unit    leakage rule: none of its own; an outcome whose window is not over by now is of day 0
    valued AS
    (
        SELECT
            toUInt8(bitAnd(packed, 255)) AS place, moved, segment,
            if(days_after = 0 AND days_before = 0 AND expected = 0, 0, length({measures:Array(UInt8)})) AS width,
            if(exposed_ms + {window_ms:Int64} > toUnixTimestamp64Milli({now:DateTime64(3, 'UTC')}), 0,
                intDiv(exposed_ms + {window_ms:Int64} - toUnixTimestamp64Milli({start:DateTime64(3, 'UTC')}) - 1, 86400000) + 1) AS day,
            arrayMap(
                (measure, side, scale, cap) -> least(cap,
                    multiIf(side = 2, expected, measure = 0, bitCount(if(side = 1, days_before, days_after)),
                        side = 1, before[measure], after[measure]) / scale),
                arrayResize({measures:Array(UInt8)}, width), arrayResize({sides:Array(UInt8)}, width),
                arrayResize({scales:Array(Float64)}, width), arrayResize({caps:Array(Float64)}, width)) AS amounts_of
        FROM units
    )
