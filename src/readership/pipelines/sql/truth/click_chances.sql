-- Every article shown in [since, until): the true probability of a click, and of one if it is looked at.
-- grain: slate_id, position
SELECT slate_id, position, placement, click_probability, attraction
FROM {truth:Identifier}.impressions
WHERE timestamp >= {since:DateTime64(3, 'UTC')} AND timestamp < {until:DateTime64(3, 'UTC')}
ORDER BY timestamp, slate_id, position
