-- One row per article and tick at which a version of it became known: what it is.
-- grain: item_id, tick    leakage rule: a version counts from the first tick with valid_from <= tick and received_at <= tick; loaded_at <= snapshot_at
SELECT
    article_id AS item_id,
    greatest(
        {opens_tick:Int64},
        intDiv(toUnixTimestamp64Milli(greatest(received_at, valid_from)) + 599999, 600000)
    ) AS tick,
    concat(brand, '|', author) AS author,
    category::String AS category,
    article_type::String AS type,
    topics[1]::String AS topic,
    topics[2]::String AS second_topic,
    brand::String AS brand,
    toInt64(paywalled) AS paywalled,
    toInt64(length(splitByWhitespace(title))) AS title_words,
    toUnixTimestamp64Milli(published_at) AS published_ms,
    withdrawn_at
FROM articles
WHERE loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    AND greatest(received_at, valid_from) <= fromUnixTimestamp64Milli({closes_tick:Int64} * 600000, 'UTC')
ORDER BY item_id, valid_from DESC, received_at DESC
LIMIT 1 BY item_id, tick
