-- One row per randomised decision whose answer is known: 1 when a subscription starts in the horizon after it.
-- Decisions: the standing arm (events of the experiment subscription_offer), and the lists of campaigns for this task.
-- grain: user_id, decided_at    leakage rule: the answer: [decided_at, decided_at + horizon), closed by now; features come from as_of, the last Monday's midnight (UTC) before the decision
-- A decision whose horizon has not passed by now is left out, neither 0 nor 1; so is one whose horizon touches an outage.
WITH
    toIntervalDay({horizon_days:UInt16}) AS horizon,
    -- include decided
    starts AS
    (
        SELECT user_id, groupArray(timestamp) AS at
        FROM events
        WHERE event_type = 'subscription_start' AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
            AND (brand = '' OR {brand:String} = '' OR brand = {brand:String})
        GROUP BY user_id
    ),
    outage AS
    (
        SELECT groupArray((brand::String, starts_at, ends_at)) AS spans FROM outages
        WHERE loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    )
SELECT user_id, decided_at, as_of, treated, propensity, label, delay_days
FROM
(
    SELECT
        user_id, decided_at, toStartOfWeek(decided_at, 1)::DateTime64(3, 'UTC') AS as_of, treated, chance AS propensity,
        arrayFilter(start -> start >= decided_at AND start < decided_at + horizon, starts.at) AS within,
        toUInt8(notEmpty(within)) AS label,
        if(notEmpty(within), dateDiff('second', decided_at, arrayMin(within)) / 86400, NULL) AS delay_days
    FROM decided
    LEFT JOIN starts USING user_id
    WHERE NOT arrayExists(
        span -> span.1 IN ('', site) AND span.2 < decided_at + horizon AND span.3 > decided_at,
        (SELECT spans FROM outage))
)
ORDER BY decided_at, user_id
