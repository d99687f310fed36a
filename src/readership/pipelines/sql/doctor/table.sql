-- How many rows somebody's table has, how many have a reader and a time, and how many carry each field.
-- grain: one row
-- A field without a column is bound to `readership_absent`.
WITH
    '' AS readership_absent,
    (value) -> ifNull(toString(value), '') NOT IN ('', '[]', '{}', '0') AS readership_filled
SELECT
    count() AS readership_all_rows,
    countIf(readership_filled({user_id:Identifier}) OR readership_filled({device_id:Identifier})) AS readership_with_reader,
    countIf(readership_filled({happened:Identifier})) AS readership_with_time,
    countIf(readership_filled({article:Identifier})) AS readership_article_id,
    countIf(readership_filled({title:Identifier})) AS readership_article_title,
    countIf(readership_filled({category:Identifier})) AS readership_category,
    countIf(readership_filled({referrer:Identifier})) AS readership_referrer,
    countIf(readership_filled({device_type:Identifier}) OR readership_filled({user_agent:Identifier})) AS readership_device_type,
    countIf(readership_filled({country:Identifier})) AS readership_country,
    countIf(readership_filled({reading_time:Identifier})) AS readership_time_on_page,
    countIf(readership_filled({duration:Identifier}) OR readership_filled({ended:Identifier})) AS readership_session_duration_sec,
    countIf(readership_filled({position:Identifier})) AS readership_position,
    countIf(readership_filled({propensity:Identifier})) AS readership_propensity,
    countIf(readership_filled({period_end:Identifier})) AS readership_period_end,
    countIf(readership_filled({experiment:Identifier})) AS readership_experiment
FROM {database:Identifier}.{table:Identifier}
