-- Every place for an advertisement in [since, until): the true chance and worth of what was shown, of the best, and of one drawn evenly.
-- grain: decision_id
SELECT decision_id, ad_id, click_probability, value_eur, best_ad_id, best_value_eur, even_value_eur
FROM {truth:Identifier}.ads
WHERE timestamp >= {since:DateTime64(3, 'UTC')} AND timestamp < {until:DateTime64(3, 'UTC')}
ORDER BY timestamp, decision_id
