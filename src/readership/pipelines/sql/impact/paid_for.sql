-- Paid periods that reach beyond as_of, as they were known then.
-- grain: user_id, period_start    leakage rule: received_at <= as_of
SELECT user_id, any(plan)::String AS plan, any(price_eur) AS price_eur, period_start, max(period_end) AS ends
FROM subscriptions
WHERE received_at <= {as_of:DateTime64(3, 'UTC')} AND period_start < {as_of:DateTime64(3, 'UTC')}
GROUP BY user_id, period_start
HAVING ends > {as_of:DateTime64(3, 'UTC')}
ORDER BY user_id, period_start
