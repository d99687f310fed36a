-- One row per reader who signed up for a newsletter before as_of.
-- grain: user_id    leakage rule: session_end < as_of, known_at <= as_of, loaded_at <= snapshot_at, newest version by then
SELECT
    user_id,
    sum(newsletter_signups) AS newsletter_signups_ever, -- sign-ups | newsletter sign-ups so far | 0 when none
    dateDiff('millisecond', max(session_end), {as_of:DateTime64(3,'UTC')}) / 86400000 AS days_since_newsletter_signup -- days | days since the last session with a newsletter sign-up | missing when never
FROM session_versions
WHERE known_at <= {as_of:DateTime64(3,'UTC')}
  AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')}
  AND session_end < {as_of:DateTime64(3,'UTC')}
  AND newsletter_signups > 0
  AND tombstone = 0
  AND row_id NOT IN (
      SELECT replaces FROM session_versions
      WHERE replaces != 0 AND known_at <= {as_of:DateTime64(3,'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')})
GROUP BY user_id
