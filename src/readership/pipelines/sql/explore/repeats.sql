-- How many events repeat another in reader, time, type, article and page although their ids differ.
-- grain: one row
-- Readers who do not agree to analytics are left out.
SELECT sum(again) AS events, count() AS groups
FROM (
    SELECT count() - 1 AS again
    FROM events
    WHERE received_at <= {as_of:DateTime64(3,'UTC')}
      AND user_id NOT IN (
          SELECT user_id FROM session_versions
          WHERE known_at <= {as_of:DateTime64(3,'UTC')} AND tombstone = 0
          GROUP BY user_id
          HAVING bitAnd(coalesce(
              argMaxIf(consent, (session_end, row_id), consent IS NOT NULL), {default_consent:UInt8}), 1) = 0)
    GROUP BY user_id, timestamp, event_type, cityHash64(article_id, page_url, search_query, ad_id)
    HAVING again > 0)
SETTINGS optimize_aggregation_in_order = 1
