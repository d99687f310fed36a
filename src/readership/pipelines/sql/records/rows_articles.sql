-- Versions of articles in the columns of their table.
-- grain: n, part
SELECT
    n, part, stated, named,
    '' AS external_id,
    says['article_id'] AS article_id,
    says['brand'] AS brand,
    says['category'] AS category,
    says['author'] AS author,
    says['title'] AS title,
    says['body'] AS body,
    multiIf(
        says['topics'] = '', [],
        startsWith(says['topics'], '['), JSONExtract(says['topics'], 'Array(String)'),
        arrayFilter(topic -> topic != '', arrayMap(topic -> trimBoth(topic), splitByChar(',', says['topics'])))) AS topics,
    says['article_type'] AS article_type,
    toUInt8(lower(says['paywalled']) IN ('1', 'true')) AS paywalled,
    fromUnixTimestamp64Milli(ifNull(at['published_at'], 0), 'UTC') AS published_at,
    fromUnixTimestamp64Milli(at['withdrawn_at'], 'UTC') AS withdrawn_at,
    valid_since AS valid_from,
    known_at AS received_at
FROM versions
