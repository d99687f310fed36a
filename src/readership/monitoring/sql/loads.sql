-- What was loaded in each of the last days, and what went to quarantine; day 0 ends at as_of.
-- grain: day    leakage rule: loaded_at (quarantine: at) in [end - 1 day, end)
WITH {as_of:DateTime64(3,'UTC')} AS ends_at
SELECT day, sum(good) AS loaded, sum(bad) AS quarantined
FROM
(
    SELECT intDiv(dateDiff('millisecond', loaded_at, ends_at) - 1, 86400000) AS day, count() AS good, 0 AS bad
    FROM events
    WHERE loaded_at < ends_at AND loaded_at >= ends_at - toIntervalDay({days:UInt16})
    GROUP BY day
    UNION ALL
    SELECT intDiv(dateDiff('millisecond', at, ends_at) - 1, 86400000) AS day, 0 AS good, count() AS bad
    FROM quarantine
    WHERE at < ends_at AND at >= ends_at - toIntervalDay({days:UInt16})
    GROUP BY day
)
GROUP BY day
ORDER BY day DESC
