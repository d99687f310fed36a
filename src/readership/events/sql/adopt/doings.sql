-- What new sessions tell of single doings: one at the end of each session, logins, starts and cancels of subscriptions
-- where the tier changes, the usable ones of page_events, and else the articles visited, spread over the session.
-- grain: event_id
INSERT INTO {staging:Identifier}.doings
SELECT
    reinterpretAsUUID(sipHash128({origin:String}, user_id, session_id, start_ms, doing.1, doing.3, doing.4)) AS event_id,
    row_id, doing.2, doing.3, doing.4, doing.5, doing.6, doing.7
FROM
(
    SELECT
        fresh.row_id AS row_id, sessions.user_id AS user_id, sessions.session_id AS session_id,
        sessions.start_ms AS start_ms,
        length(article_ids) AS articles,
        arrayConcat(
            [(toString(end_ms), end_ms, 'session_end', '', '', '', '')],
            if(registered = 1 AND subscription_tier = '', [('', start_ms, 'login', '', '', '', '')], []),
            if(fresh.starts = 1, [('', start_ms, 'subscription_start', '', '', '', '')], []),
            if(fresh.cancels = 1, [('', start_ms, 'subscription_cancel', '', '', '', '')], []),
            arrayMap(
                (doing, number) -> (concat('doing ', toString(number)), doing.1, doing.2, doing.3, '', '', doing.4),
                doings, arrayEnumerate(doings)),
            if(
                arrayExists(doing -> doing.3 != '', doings), [],
                arrayMap(
                    (article, number) -> (
                        toString(number), start_ms + intDiv((end_ms - start_ms) * (number - 1), articles), 'article_view', article,
                        if(length(article_titles) = articles, article_titles[number], ''),
                        if(length(categories) = articles, categories[number], ''), ''),
                    article_ids, arrayEnumerate(article_ids)))
        ) AS told
    FROM {staging:Identifier}.fresh AS fresh
    INNER JOIN {staging:Identifier}.sessions AS sessions ON sessions.n = fresh.n
)
ARRAY JOIN told AS doing
