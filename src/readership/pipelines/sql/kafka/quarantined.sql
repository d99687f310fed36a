-- Messages of a partition between two offsets that could not be understood, each with one of its reasons.
-- grain: line (the offset)
SELECT line, any(field) AS field, any(reason) AS reason
FROM quarantine
WHERE source = {source:String} AND line BETWEEN {first:UInt64} AND {last:UInt64}
GROUP BY line
ORDER BY line
