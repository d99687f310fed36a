-- One row per randomised decision whose answer is known: 1 when the paid period that was ending is not renewed.
-- Decisions: the standing arm (events of the experiment retention_offer), and the lists of campaigns for this task.
-- grain: user_id, decided_at    leakage rule: who pays until when: received_at <= decided_at; the answer: renewals that begin before that end + 30 days (all within decided_at + horizon), closed by now; features come from as_of, the last Monday's midnight (UTC) before the decision
-- A decision whose horizon has not passed by now is left out, neither 0 nor 1; so is one whose horizon touches an outage.
-- Paid periods come from the table `subscriptions`; one cancelled before it began, or at once, is no renewal.
WITH
    toIntervalDay({horizon_days:UInt16}) AS horizon,
    toIntervalDay(30) AS grace,
    -- include decided
    paid AS
    (
        SELECT
            user_id, plan::String AS plan, period_start, period_end, received_at, valid_from, loaded_at,
            ifNull(cancelled_at <= period_start, 0) AS never_began
        FROM subscriptions
        WHERE loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
            AND (brand = '' OR {brand:String} = '' OR brand = {brand:String})
    ),
    expiring AS
    (
        SELECT user_id, decided_at, any(was_treated) AS treated, any(given_chance) AS chance, any(on_site) AS site, max(ends) AS expires_at
        FROM
        (
            SELECT
                user_id, decided_at, any(treated) AS was_treated, any(chance) AS given_chance, any(site) AS on_site,
                plan, period_start, argMax(period_end, (received_at, valid_from, loaded_at)) AS ends
            FROM decided
            INNER JOIN paid USING user_id
            WHERE received_at <= decided_at
            GROUP BY user_id, decided_at, plan, period_start
            HAVING ends > period_start AND argMax(never_began, (received_at, valid_from, loaded_at)) = 0
        )
        GROUP BY user_id, decided_at
        HAVING expires_at > decided_at AND expires_at <= decided_at + grace
    ),
    periods AS
    (
        SELECT user_id, groupArray((period_start, ends)) AS held
        FROM
        (
            SELECT user_id, plan, period_start, argMax(period_end, (received_at, valid_from, loaded_at)) AS ends
            FROM paid
            GROUP BY user_id, plan, period_start
            HAVING argMax(never_began, (received_at, valid_from, loaded_at)) = 0
        )
        GROUP BY user_id
    ),
    outage AS
    (
        SELECT groupArray((brand::String, starts_at, ends_at)) AS spans FROM outages
        WHERE loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    )
SELECT
    user_id, decided_at, toStartOfWeek(decided_at, 1)::DateTime64(3, 'UTC') AS as_of, treated, chance AS propensity,
    toUInt8(NOT arrayExists(period -> period.2 > expires_at AND period.1 < expires_at + grace, periods.held)) AS label
FROM expiring
LEFT JOIN periods USING user_id
WHERE NOT arrayExists(
    span -> span.1 IN ('', site) AND span.2 < decided_at + horizon AND span.3 > decided_at,
    (SELECT spans FROM outage))
ORDER BY decided_at, user_id
