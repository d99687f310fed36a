-- What happened in each of the last days, as it was known at the day's own end; day 0 ends at as_of.
-- grain: day    leakage rule: timestamp in [end - 1 day, end) and received_at <= end
-- Readers who do not agree to analytics are left out. Sums of squares are over readers, who are the independent units.
WITH {as_of:DateTime64(3,'UTC')} AS ends_at
SELECT
    day,
    sum(held) AS events,
    count() AS readers,
    sum(held * held) AS events_squared,
    sum(again) AS repeats,
    sum(again * again) AS repeats_squared,
    sum(again * held) AS repeats_by_events,
    max(newest) AS newest,
    sumForEach(empty) AS empties,
    sumForEach(arrayMap(n -> n * n, empty)) AS empties_squared,
    sumForEach(arrayMap(n -> n * held, empty)) AS empties_by_events
FROM
(
    SELECT
        intDiv(dateDiff('millisecond', timestamp, ends_at) - 1, 86400000) AS day,
        user_id,
        count() AS held,
        held - uniqExact(timestamp, event_type, cityHash64(article_id, page_url, search_query, ad_id)) AS again,
        max(timestamp) AS newest,
        sumForEach(arrayMap(e -> toUInt64(e), [
            brand = '', category = '', article_id = '', country = '', city = '', device_type = '', device_os = '',
            browser = '', timezone = '', subscription_tier = '', referrer = '', consent IS NULL, engaged_ms IS NULL,
            scroll_depth IS NULL])) AS empty
    FROM events
    WHERE timestamp < ends_at
        AND timestamp >= ends_at - toIntervalDay({days:UInt16})
        AND received_at <= ends_at - toIntervalDay(day)
        AND ({brand:String} = '' OR brand = {brand:String})
        AND user_id NOT IN (
-- include analytics_refused
        )
    GROUP BY day, user_id
)
GROUP BY day
ORDER BY day DESC
