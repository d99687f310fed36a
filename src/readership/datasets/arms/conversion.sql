-- One row per randomised decision whose answer is known: 1 when a subscription starts in the horizon after it.
-- Decisions: the standing arm (events of the experiment subscription_offer), and the lists of campaigns for this task.
-- grain: user_id, decided_at    leakage rule: the answer: [decided_at, decided_at + horizon), closed by now; features come from as_of, the last Monday's midnight (UTC) before the decision
-- A decision whose horizon has not passed by now is left out, neither 0 nor 1; so is one whose horizon touches an outage.
WITH
    toIntervalDay({horizon_days:UInt16}) AS horizon,
    decided AS
    (
        SELECT
            user_id, min(timestamp) AS decided_at, argMin(variant, timestamp) = 'offer' AS treated,
            argMin(assumeNotNull(propensity), timestamp) AS chance, any(brand)::String AS site
        FROM events
        WHERE experiment = {experiment:String} AND variant IN ('offer', 'control') AND propensity > 0
            AND ({brand:String} = '' OR brand = {brand:String})
            AND timestamp <= {now:DateTime64(3, 'UTC')} - horizon
            AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
        GROUP BY user_id, if(decision_id = '', toString(event_id), decision_id)
        UNION ALL
        SELECT
            toUInt64(unit) AS user_id, at AS decided_at, variant = 'treatment' AS treated,
            assumeNotNull(propensity) AS chance, {brand:String} AS site
        FROM exposures
        WHERE startsWith(experiment, 'campaign/') AND treatment = {task:String}
            AND variant IN ('treatment', 'control') AND propensity > 0
            AND at <= {now:DateTime64(3, 'UTC')} - horizon
            AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    ),
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
