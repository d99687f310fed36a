-- Who stands behind the chunk's events, joined to what was known of them.
-- grain: user_id
INSERT INTO readers
    (user_id, external_id, first_seen, registered_at, timezone, brand, consent, received_at, loaded_at)
WITH new.received_at >= old.received_at AS is_newer
SELECT
    new.user_id,
    new.external_id,
    if(old.external_id = '', new.first_seen, least(new.first_seen, old.first_seen)) AS first_seen,
    if(isNull(new.registered_at) OR isNull(old.registered_at), ifNull(new.registered_at, old.registered_at),
        least(new.registered_at, old.registered_at)) AS registered_at,
    if(new.timezone != '' AND (is_newer OR old.timezone = ''), new.timezone, old.timezone) AS timezone,
    if(old.brand = '', new.brand, old.brand) AS brand,
    if(isNotNull(new.consent) AND (is_newer OR isNull(old.consent)), new.consent, old.consent) AS consent,
    greatest(new.received_at, old.received_at) AS received_at,
    now64(3)
FROM
(
    SELECT
        user_id,
        any(external_id) AS external_id,
        min(timestamp) AS first_seen,
        minOrNullIf(timestamp, event_type IN ('registration', 'login') OR subscription_tier != '') AS registered_at,
        argMaxIf(timezone, timestamp, timezone != '') AS timezone,
        argMinIf(brand, timestamp, brand != '') AS brand,
        argMaxIf(consent, timestamp, isNotNull(consent)) AS consent,
        max(received_at) AS received_at
    FROM {staging:Identifier}.{rows:Identifier}
    WHERE field = ''
    GROUP BY user_id
) AS new
LEFT JOIN
(
    SELECT user_id, external_id, first_seen, registered_at, timezone, brand, consent, received_at
    FROM readers FINAL
    WHERE user_id IN (SELECT user_id FROM {staging:Identifier}.{rows:Identifier} WHERE field = '')
) AS old ON old.user_id = new.user_id
WHERE old.external_id = ''
    OR (first_seen, registered_at, timezone, brand, consent, received_at)
        IS DISTINCT FROM (old.first_seen, old.registered_at, old.timezone, old.brand, old.consent, old.received_at)
