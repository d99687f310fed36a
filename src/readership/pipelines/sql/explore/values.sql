-- The commonest values of the columns that describe events and readers.
-- grain: field, value
-- Readers who do not agree to analytics are left out.
SELECT field, value, count() AS events, uniqExact(user_id) AS readers
FROM (
    SELECT user_id, arrayJoin([
        ('event type', toString(event_type)), ('brand', toString(brand)), ('category', toString(category)),
        ('country', toString(country)), ('device', toString(device_type)), ('tier', toString(subscription_tier)),
        ('article type', toString(article_type))]) AS pair, pair.1 AS field, pair.2 AS value
    FROM events
    WHERE received_at <= {as_of:DateTime64(3,'UTC')}
      AND user_id NOT IN (
          SELECT user_id FROM session_versions
          WHERE known_at <= {as_of:DateTime64(3,'UTC')} AND tombstone = 0
          GROUP BY user_id
          HAVING bitAnd(coalesce(
              argMaxIf(consent, (session_end, row_id), consent IS NOT NULL), {default_consent:UInt8}), 1) = 0))
WHERE value != ''
GROUP BY field, value
ORDER BY field, events DESC, value
LIMIT 12 BY field
