-- What was received in each of the last days, and how much of it over an hour after it happened; day 0 ends at as_of.
-- grain: day    leakage rule: received_at in [end - 1 day, end)
-- Readers who do not agree to analytics are left out.
WITH {as_of:DateTime64(3,'UTC')} AS ends_at
SELECT day, sum(held) AS events, count() AS readers, sum(held * held) AS events_squared,
    sum(overdue) AS late, sum(overdue * overdue) AS late_squared, sum(overdue * held) AS late_by_events
FROM
(
    SELECT
        intDiv(dateDiff('millisecond', received_at, ends_at) - 1, 86400000) AS day,
        user_id,
        count() AS held,
        countIf(received_at > timestamp + INTERVAL 1 HOUR) AS overdue
    FROM events
    WHERE received_at < ends_at
        AND received_at >= ends_at - toIntervalDay({days:UInt16})
        AND ({brand:String} = '' OR brand = {brand:String})
        AND user_id NOT IN (
-- include analytics_refused
        )
    GROUP BY day, user_id
)
GROUP BY day
ORDER BY day DESC
