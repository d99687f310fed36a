-- The end of every analysis: what units did, added up by variant, day and segment.
SELECT
    place, day, segment, count() AS units, countIf(moved) AS moved, sumForEach(amounts_of) AS sums,
    sumForEach(arrayMap((i, j) -> amounts_of[i] * amounts_of[j],
        arrayResize({lefts:Array(UInt8)}, if(width = 0, 0, length({lefts:Array(UInt8)}))),
        arrayResize({rights:Array(UInt8)}, if(width = 0, 0, length({rights:Array(UInt8)}))))) AS products
FROM valued
GROUP BY place, day, segment
ORDER BY place, day, segment
