-- The words that describe events, in each of the last days as it was known at the day's own end; day 0 ends at as_of.
-- grain: day, field, word    leakage rule: timestamp in [end - 1 day, end) and received_at <= end
-- Readers who do not agree to analytics are left out.
WITH {as_of:DateTime64(3,'UTC')} AS ends_at
SELECT day, pair.1 AS field, pair.2 AS word, count() AS events, uniqExact(user_id) AS readers
FROM
(
    SELECT
        intDiv(dateDiff('millisecond', timestamp, ends_at) - 1, 86400000) AS day,
        user_id,
        arrayJoin([
            ('event_type', toString(event_type)), ('brand', toString(brand)), ('category', toString(category)),
            ('article_type', toString(article_type)), ('device_type', toString(device_type)),
            ('device_os', toString(device_os)), ('browser', toString(browser)), ('country', toString(country)),
            ('subscription_tier', toString(subscription_tier))]) AS pair
    FROM events
    WHERE timestamp < ends_at
        AND timestamp >= ends_at - toIntervalDay({days:UInt16})
        AND received_at <= ends_at - toIntervalDay(day)
        AND ({brand:String} = '' OR brand = {brand:String})
        AND user_id NOT IN (
-- include analytics_refused
        )
)
WHERE pair.2 != ''
GROUP BY day, field, word
ORDER BY day DESC, field, word
