-- One row per registered reader who does not pay: the hidden state as the day of as_of began, and what came before as_of.
-- grain: user_id
WITH
    {as_of:DateTime64(3, 'UTC')} AS cut,
    toStartOfDay(cut) AS midnight
SELECT
    state.user_id AS user_id, phase, habit, satisfaction, newsletter OR signed_up > 0 AS newsletter,
    meter + walled_today AS meter, asked_this_span OR visits_today > 0 AS asked, visits_today, felt_today,
    greatest(dateDiff('millisecond', cut, stands_until) / 86400000., 0) AS offered_days
FROM
(
    SELECT user_id, phase, habit, satisfaction, newsletter, meter, asked_this_span
    FROM {truth:Identifier}.reader_days
    WHERE day = toDate(cut, 'UTC') AND tier <= 1
) AS state
LEFT JOIN
(
    SELECT user_id, count() AS visits_today, sum(felt) AS felt_today, sum(walled) AS walled_today,
        countIf(newsletter) AS signed_up
    FROM {truth:Identifier}.visits
    WHERE session_start >= midnight AND session_start < cut
    GROUP BY user_id
) AS today ON today.user_id = state.user_id
LEFT JOIN
(
    SELECT user_id, max(timestamp) + toIntervalDay({stands_days:UInt16}) AS stands_until
    FROM {truth:Identifier}.offers
    WHERE experiment = 'subscription_offer' AND made AND timestamp < cut
    GROUP BY user_id
) AS offered ON offered.user_id = state.user_id
ORDER BY user_id
