-- The events known at as_of, in the columns that the doctor's other statements count.
-- grain: event_id
SELECT
    user_id AS reader,
    timestamp AS at,
    received_at,
    toString(event_type) AS event_type,
    toString(brand) AS brand,
    toString(timezone) AS timezone,
    toString(subscription_tier) AS tier,
    consent,
    event_type IN ('registration', 'login') OR subscription_tier != '' AS registered,
    cityHash64(user_id, timestamp, event_type, article_id, page_url, search_query, ad_id) AS content
FROM events
WHERE timestamp < {as_of:DateTime64(3, 'UTC')} AND received_at <= {as_of:DateTime64(3, 'UTC')}
