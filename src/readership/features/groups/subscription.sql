-- One row per reader who was offered, started, renewed, cancelled or failed to pay a subscription before as_of.
-- grain: user_id    leakage rule: session_end < as_of, known_at <= as_of, loaded_at <= snapshot_at, newest version by then
SELECT
    user_id,
    subscription_prompts_28d, -- prompts | offers to subscribe shown in the last 28 days | 0 when none
    subscription_prompts_90d, -- prompts | offers to subscribe shown in the last 90 days | 0 when none
    starts AS subscription_starts_ever, -- starts | subscriptions started so far | 0 when none
    renewals AS subscription_renewals_ever, -- renewals | subscriptions renewed so far | 0 when none
    cancels AS subscription_cancels_ever, -- cancels | cancel clicks so far | 0 when none
    failures AS payment_failures_ever, -- failures | failed payments so far | 0 when none
    if(last_subscription_start_ms = 0, NULL, (as_of_ms - last_subscription_start_ms) / 86400000) AS days_since_subscription_start, -- days | days since the last session with a subscription start | missing when never
    if(last_subscription_renewal_ms = 0, NULL, (as_of_ms - last_subscription_renewal_ms) / 86400000) AS days_since_subscription_renewal, -- days | days since the last session with a renewal | missing when never
    if(last_subscription_cancel_ms = 0, NULL, (as_of_ms - last_subscription_cancel_ms) / 86400000) AS days_since_subscription_cancel, -- days | days since the last session with a cancel click | missing when never
    if(last_payment_failure_ms = 0, NULL, (as_of_ms - last_payment_failure_ms) / 86400000) AS days_since_payment_failure -- days | days since the last session with a failed payment | missing when never
FROM (
    SELECT
        user_id,
        toUnixTimestamp64Milli({as_of:DateTime64(3,'UTC')}) AS as_of_ms,
        sumIf(subscription_prompts, session_end >= {as_of:DateTime64(3,'UTC')} - INTERVAL 28 DAY) AS subscription_prompts_28d,
        sumIf(subscription_prompts, session_end >= {as_of:DateTime64(3,'UTC')} - INTERVAL 90 DAY) AS subscription_prompts_90d,
        sum(subscription_starts) AS starts,
        sum(subscription_renewals) AS renewals,
        sum(subscription_cancels) AS cancels,
        sum(payment_failures) AS failures,
        max(if(subscription_starts > 0, toUnixTimestamp64Milli(session_end), 0)) AS last_subscription_start_ms,
        max(if(subscription_renewals > 0, toUnixTimestamp64Milli(session_end), 0)) AS last_subscription_renewal_ms,
        max(if(subscription_cancels > 0, toUnixTimestamp64Milli(session_end), 0)) AS last_subscription_cancel_ms,
        max(if(payment_failures > 0, toUnixTimestamp64Milli(session_end), 0)) AS last_payment_failure_ms
    FROM session_versions
    WHERE known_at <= {as_of:DateTime64(3,'UTC')}
      AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')}
      AND session_end < {as_of:DateTime64(3,'UTC')}
      AND subscription_prompts + subscription_starts + subscription_renewals + subscription_cancels + payment_failures > 0
      AND tombstone = 0
      AND row_id NOT IN (
          SELECT replaces FROM session_versions
          WHERE replaces != 0 AND known_at <= {as_of:DateTime64(3,'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')})
    GROUP BY user_id
)
