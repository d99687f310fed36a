-- What the counts of somebody's table of sessions add up to, by the type of event they count.
-- grain: one row
-- A field without a column is bound to `readership_absent`.
WITH '' AS readership_absent, (value) -> toUInt64(greatest(toFloat64OrZero(ifNull(toString(value), '')), 0)) AS readership_number
SELECT
    sum(readership_number({article_views:Identifier})) AS readership_article_view,
    sum(readership_number({article_clicks:Identifier})) AS readership_article_click,
    sum(readership_number({video_plays:Identifier})) AS readership_video_play,
    sum(readership_number({newsletter_signups:Identifier})) AS readership_newsletter_signup,
    sum(readership_number({ad_clicks:Identifier})) AS readership_ad_click,
    sum(readership_number({searches:Identifier})) AS readership_search
FROM {database:Identifier}.{table:Identifier}
