            -- Of a unit: its first exposure, and what it did in the window after it and in the days before it.
            -- grain: unit    leakage rule: after is [first, first + window), before is [first - pre, first)
            any(first) AS packed, any(switched) AS moved,
            bitShiftRight(packed, 8)::Int64 AS exposed_ms,
            sumForEachIf(adds, later >= 0 AND later < {window_ms:Int64}) AS after,
            sumForEachIf(adds, later < 0 AND later >= -{pre_ms:Int64}) AS before,
            groupBitOrIf(bitShiftLeft(toUInt64(1), greatest(0, least(63, intDiv(later, 86400000)))),
                predicted = 0 AND later >= 0 AND later < {window_ms:Int64}) AS days_after,
            groupBitOrIf(bitShiftLeft(toUInt64(1), greatest(0, least(63, intDiv(-later - 1, 86400000)))),
                predicted = 0 AND later < 0 AND later >= -{pre_ms:Int64}) AS days_before,
            argMaxIf(score, later, predicted = 1 AND later < 0) AS expected,
