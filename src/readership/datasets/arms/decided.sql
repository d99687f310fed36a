    -- Decisions by lot whose horizon has passed by now: of the standing arm, and of the lists of campaigns for this task.
    -- grain: user_id, decided_at    leakage rule: none of its own; what was decided, and with what chance, is known at once
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
