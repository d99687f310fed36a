-- The ten most viewed articles, by the title that was known of each: the newsroom's own, else the one events carry.
-- grain: article_id
-- Readers who do not agree to analytics are left out.
WITH
    titles AS
    (
        SELECT article_id, argMax(title, (received_at, valid_from, loaded_at)) AS title
        FROM articles
        WHERE received_at <= {as_of:DateTime64(3,'UTC')} AND valid_from <= {as_of:DateTime64(3,'UTC')}
          AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')}
        GROUP BY article_id
    )
SELECT
    viewed.article_id AS article_id,
    if(titles.title != '', titles.title, viewed.title) AS title,
    viewed.views AS views,
    viewed.readers AS readers
FROM
(
    SELECT
        article_id,
        argMaxIf(article_title, timestamp, article_title != '') AS title,
        count() AS views,
        uniqExact(user_id) AS readers
    FROM events
    WHERE event_type = 'article_view' AND article_id != ''
      AND received_at <= {as_of:DateTime64(3,'UTC')}
      AND user_id NOT IN (
          SELECT user_id FROM session_versions
          WHERE known_at <= {as_of:DateTime64(3,'UTC')} AND tombstone = 0
          GROUP BY user_id
          HAVING bitAnd(coalesce(
              argMaxIf(consent, (session_end, row_id), consent IS NOT NULL), {default_consent:UInt8}), 1) = 0)
    GROUP BY article_id
    ORDER BY views DESC, article_id
    LIMIT 10
) AS viewed
LEFT JOIN titles ON titles.article_id = viewed.article_id
ORDER BY views DESC, article_id
