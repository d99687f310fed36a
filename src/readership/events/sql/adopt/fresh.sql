-- Versions of sessions that are not stored: their place in the row of versions, and what their tier says.
-- A first version is known when its row was written, unless that was a backfill: more than half of a day's rows
-- written over 48 hours after their session ended. Then, and without created_at, it is known when the session ended.
-- A later version is known when its row was written, if that is later than what it replaces, else now.
-- grain: row_id
INSERT INTO {staging:Identifier}.fresh
WITH
    good AS
    (
        SELECT * FROM {staging:Identifier}.sessions
        WHERE field = '' AND start_ms < {events_from_ms:Int64}
    ),
    held AS
    (
        SELECT
            row_id, replaces, version, user_id, session_id, subscription_tier,
            toUnixTimestamp64Milli(session_start) AS start_ms, toUnixTimestamp64Milli(known_at) AS known_ms
        FROM session_versions
        WHERE origin = {origin:String} AND tombstone = 0
            AND user_id IN (SELECT user_id FROM good)
            AND session_end >= fromUnixTimestamp64Milli({least_ms:Int64}, 'UTC')
            AND session_end <= fromUnixTimestamp64Milli({greatest_ms:Int64}, 'UTC') + toIntervalDay(31)
    ),
    backfilled AS
    (
        SELECT intDiv(end_ms, 86400000) AS day
        FROM good
        GROUP BY day
        HAVING 2 * countIf(created_ms - end_ms > 172800000) > countIf(isNotNull(created_ms))
    ),
    new AS
    (
        SELECT
            *,
            if(isNull(created_ms) OR intDiv(end_ms, 86400000) IN (SELECT day FROM backfilled),
                end_ms, greatest(end_ms, assumeNotNull(created_ms))) AS rule_ms
        FROM good
        WHERE row_id NOT IN (SELECT row_id FROM held)
        ORDER BY ifNull(created_ms, 0), n
        LIMIT 1 BY row_id
    ),
    newest AS
    (
        SELECT
            user_id, session_id, start_ms, argMax(held.row_id, held.version) AS row_id,
            argMax(held.known_ms, held.version) AS known_ms, max(held.version) AS version
        FROM held
        GROUP BY user_id, session_id, start_ms
    ),
    chained AS
    (
        SELECT
            new.n AS n, new.row_id AS row_id, new.rule_ms AS rule_ms,
            new.user_id AS user_id, new.start_ms AS start_ms, new.subscription_tier AS tier,
            newest.row_id AS held_id, newest.version AS held_version, newest.known_ms AS held_ms,
            row_number() OVER chain AS nth,
            lagInFrame(new.row_id) OVER chain AS before_id,
            lagInFrame(new.rule_ms) OVER chain AS before_ms
        FROM new
        LEFT JOIN newest
            ON newest.user_id = new.user_id AND newest.session_id = new.session_id AND newest.start_ms = new.start_ms
        WINDOW chain AS (
            PARTITION BY new.user_id, new.session_id, new.start_ms
            ORDER BY new.created_ms NULLS FIRST, new.end_ms, new.row_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    ),
    spans AS
    (
        SELECT user_id, min(start_ms) AS from_ms, max(start_ms) AS until_ms
        FROM new
        WHERE subscription_tier != ''
        GROUP BY user_id
    ),
    earlier AS
    (
        SELECT session_versions.user_id AS user_id, argMax(subscription_tier, session_start) AS tier
        FROM session_versions
        INNER JOIN spans ON spans.user_id = session_versions.user_id
        WHERE origin = {origin:String} AND tombstone = 0 AND subscription_tier != ''
            AND toUnixTimestamp64Milli(session_start) < spans.from_ms
        GROUP BY user_id
    ),
    timeline AS
    (
        SELECT
            row_id, is_new, user_id, tier,
            lagInFrame(tier) OVER (PARTITION BY user_id ORDER BY start_ms, is_new, row_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before
        FROM
        (
            SELECT row_id, 1 AS is_new, user_id, start_ms, tier FROM chained WHERE tier != ''
            UNION ALL
            SELECT held.row_id, 0 AS is_new, held.user_id, held.start_ms, held.subscription_tier AS tier
            FROM held
            INNER JOIN spans ON spans.user_id = held.user_id
            WHERE held.subscription_tier != '' AND held.start_ms >= spans.from_ms AND held.start_ms <= spans.until_ms
        )
    ),
    turns AS
    (
        SELECT
            timeline.row_id AS row_id,
            timeline.tier != 'free' AS paid,
            if(timeline.before != '', timeline.before, earlier.tier)::String AS was
        FROM timeline
        LEFT JOIN earlier ON earlier.user_id = timeline.user_id
        WHERE timeline.is_new = 1
    )
SELECT
    chained.n,
    chained.row_id,
    if(nth = 1, held_id, before_id) AS replaced,
    held_version + nth,
    multiIf(
        replaced = 0 OR rule_ms > if(nth = 1, held_ms, before_ms), rule_ms,
        {now_ms:Int64}),
    turns.was = 'free' AND turns.paid,
    turns.was NOT IN ('', 'free') AND NOT turns.paid
FROM chained
LEFT JOIN turns ON turns.row_id = chained.row_id
