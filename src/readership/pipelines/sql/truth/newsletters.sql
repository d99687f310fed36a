-- One row per registered reader: whether the newsletter is taken on the day of as_of.
-- grain: user_id
SELECT user_id, newsletter FROM {truth:Identifier}.reader_days
WHERE day = toDate({as_of:DateTime64(3, 'UTC')}, 'UTC')
ORDER BY user_id
