-- One row per reader with two known sessions, the last one lately: the score of their next session, missing where none came.
-- With a brand, all these sessions are meant there; consenting anywhere.
-- grain: user_id    leakage rule: who is asked about: session_end < as_of and known_at <= as_of, newest version by then; the answer: [as_of, as_of + horizon), newest version by snapshot_at
-- The next session starts at as_of or later and is over (30 minutes without an event) within the horizon.
WITH
    {as_of:DateTime64(3, 'UTC')} AS opens_at,
    opens_at + toIntervalDay({horizon_days:UInt16}) AS closes_at,
    opens_at - toIntervalDay({lookback_days:UInt16}) AS seen_since,
    (name) -> {brand:String} = '' OR name = {brand:String} AS is_asked,
    (
        SELECT groupUniqArray(brand::String) FROM outages
        WHERE starts_at < closes_at AND ends_at > opens_at AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    ) AS broken_brands
SELECT user_id, if(following = 0, NULL, score_of_next / 1000) AS label
FROM
(
    SELECT
        user_id,
        countIf(was_known AND is_asked(brand)) AS known,
        countIf(was_known AND is_asked(brand) AND session_end >= seen_since) AS seen,
        argMaxIf(consent, (session_end, row_id), was_known AND consent IS NOT NULL) AS stated_consent,
        groupUniqArrayIf(brand::String, was_known AND is_asked(brand) AND session_end >= seen_since) AS brands,
        countIf(follows) AS following,
        argMinIf(score, (session_start, session_end, score), follows) AS score_of_next
    FROM
    (
        SELECT
            user_id, row_id, brand, consent, session_start, session_end,
            session_end < opens_at AND known_at <= opens_at AND row_id NOT IN (
                SELECT replaces FROM session_versions
                WHERE replaces != 0 AND known_at <= opens_at AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
            ) AS was_known,
            session_start >= opens_at AND session_end <= closes_at - toIntervalMinute(30) AND is_asked(brand)
            AND row_id NOT IN (
                SELECT replaces FROM session_versions
                WHERE replaces != 0 AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
            ) AS follows,
            -- include readership.features.session_score
            AS score
        FROM session_versions
        WHERE tombstone = 0 AND session_start < closes_at AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    )
    GROUP BY user_id
)
WHERE known >= 2
    AND seen > 0
    AND bitAnd(coalesce(stated_consent, {default_consent:UInt8}), 2) != 0
    AND NOT has(broken_brands, '')
    AND NOT hasAny(brands, broken_brands)
ORDER BY user_id
