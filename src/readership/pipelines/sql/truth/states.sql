-- One row per registered reader: the hidden state on the day of as_of.
-- grain: user_id
SELECT
    user_id, phase, newsletter, habit, satisfaction, visit_rate,
    kind, arrived, rate, drift, fickleness, weekday, day_part, zone
FROM {truth:Identifier}.reader_days
INNER JOIN {truth:Identifier}.readers USING (user_id)
WHERE day = toDate({as_of:DateTime64(3, 'UTC')}, 'UTC')
ORDER BY user_id
