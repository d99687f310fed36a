-- One row per reader with a session in the 90 days before as_of: by which way they arrive.
-- grain: user_id    leakage rule: session_end < as_of, known_at <= as_of, loaded_at <= snapshot_at, newest version by then
-- order_of_end is (session_end, row_id) as one number: the last session, the same one whatever the order of rows.
SELECT
    user_id,
    if(arrivals = 0, NULL, direct_arrivals / arrivals) AS direct_arrival_share_90d, -- share | share of sessions in the last 90 days that typed the address or used a bookmark | missing when no session names a referrer
    if(arrivals = 0, NULL, search_arrivals / arrivals) AS search_arrival_share_90d, -- share | share of sessions in the last 90 days that came from a search engine | missing when no session names a referrer
    if(arrivals = 0, NULL, social_arrivals / arrivals) AS social_arrival_share_90d, -- share | share of sessions in the last 90 days that came from a social network | missing when no session names a referrer
    if(arrivals = 0, NULL, newsletter_arrivals / arrivals) AS newsletter_arrival_share_90d, -- share | share of sessions in the last 90 days that came from a newsletter | missing when no session names a referrer
    nullIf(last_kind, '') AS last_arrival -- category | way of the last arrival: direct, search, social, newsletter or other | missing when no session names a referrer
FROM (
    SELECT
        user_id,
        countIf(kind != '') AS arrivals,
        countIf(kind = 'direct') AS direct_arrivals,
        countIf(kind = 'search') AS search_arrivals,
        countIf(kind = 'social') AS social_arrivals,
        countIf(kind = 'newsletter') AS newsletter_arrivals,
        argMaxIf(kind, order_of_end, kind != '') AS last_kind
    FROM (
        SELECT
            user_id,
            bitOr(bitShiftLeft(toUInt128(toUnixTimestamp64Milli(session_end)), 64), toUInt128(row_id)) AS order_of_end,
            multiIf(
                referrer = '', '',
                referrer IN ('direct', '(direct)'), 'direct',
                multiSearchAnyCaseInsensitive(referrer, ['newsletter', 'email', 'mail.']), 'newsletter',
                multiSearchAnyCaseInsensitive(referrer, ['search', 'google.', 'bing.', 'duckduckgo', 'ecosia', 'baidu', 'yandex']), 'search',
                multiSearchAnyCaseInsensitive(referrer, ['social', 'facebook', 'instagram', 'twitter', '//t.co', '//x.com', 'linkedin', 'reddit', 'tiktok', 'youtube', 'whatsapp', 'telegram']), 'social',
                'other') AS kind
        FROM session_versions
        WHERE known_at <= {as_of:DateTime64(3,'UTC')}
          AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')}
          AND session_end < {as_of:DateTime64(3,'UTC')}
          AND session_end >= {as_of:DateTime64(3,'UTC')} - INTERVAL 90 DAY
          AND tombstone = 0
          AND row_id NOT IN (
              SELECT replaces FROM session_versions
              WHERE replaces != 0 AND known_at <= {as_of:DateTime64(3,'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')})
    )
    GROUP BY user_id
)
