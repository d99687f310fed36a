-- How much billing, content, advertising and exposure there is in the warehouse.
-- grain: one row
SELECT
    (SELECT count() FROM subscriptions) AS subscriptions,
    (SELECT uniqExact(article_id) FROM articles) AS articles,
    (SELECT uniqExact(article_id) FROM articles WHERE title != '') AS titled_articles,
    (SELECT uniqExact(ad_id) FROM ads) AS ads,
    (SELECT count() FROM exposures) AS exposures,
    (SELECT count() FROM quarantine) AS quarantined
