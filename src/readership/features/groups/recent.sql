-- One row per reader with a session before as_of: the last 30 sessions one by one, the newest first, and what they come to.
-- grain: user_id    leakage rule: session_end < as_of, known_at <= as_of, loaded_at <= snapshot_at, newest version by then
-- Sessions stand in order of their end, then of their start, score and articles, whatever order the rows come in.
-- slope = 6 x sum over places i = 0 (newest) .. m - 1 of (m - 1 - 2i) x score_i, over m (m^2 - 1): least squares, in integers.
-- The weekday of as_of is no feature: cut-offs lie a whole number of weeks apart, so a model would see one day alone.
-- model_input: engagement
SELECT
    user_id,
    scores[1] / 1000 AS score_lag_1, -- points | engagement score of the last session | never missing
    scores[2] / 1000 AS score_lag_2, -- points | engagement score of the 2nd last session | missing when fewer than 2 sessions
    scores[3] / 1000 AS score_lag_3, -- points | engagement score of the 3rd last session | missing when fewer than 3 sessions
    scores[4] / 1000 AS score_lag_4, -- points | engagement score of the 4th last session | missing when fewer than 4 sessions
    scores[5] / 1000 AS score_lag_5, -- points | engagement score of the 5th last session | missing when fewer than 5 sessions
    scores[6] / 1000 AS score_lag_6, -- points | engagement score of the 6th last session | missing when fewer than 6 sessions
    scores[7] / 1000 AS score_lag_7, -- points | engagement score of the 7th last session | missing when fewer than 7 sessions
    scores[8] / 1000 AS score_lag_8, -- points | engagement score of the 8th last session | missing when fewer than 8 sessions
    scores[9] / 1000 AS score_lag_9, -- points | engagement score of the 9th last session | missing when fewer than 9 sessions
    scores[10] / 1000 AS score_lag_10, -- points | engagement score of the 10th last session | missing when fewer than 10 sessions
    scores[11] / 1000 AS score_lag_11, -- points | engagement score of the 11th last session | missing when fewer than 11 sessions
    scores[12] / 1000 AS score_lag_12, -- points | engagement score of the 12th last session | missing when fewer than 12 sessions
    scores[13] / 1000 AS score_lag_13, -- points | engagement score of the 13th last session | missing when fewer than 13 sessions
    scores[14] / 1000 AS score_lag_14, -- points | engagement score of the 14th last session | missing when fewer than 14 sessions
    scores[15] / 1000 AS score_lag_15, -- points | engagement score of the 15th last session | missing when fewer than 15 sessions
    scores[16] / 1000 AS score_lag_16, -- points | engagement score of the 16th last session | missing when fewer than 16 sessions
    scores[17] / 1000 AS score_lag_17, -- points | engagement score of the 17th last session | missing when fewer than 17 sessions
    scores[18] / 1000 AS score_lag_18, -- points | engagement score of the 18th last session | missing when fewer than 18 sessions
    scores[19] / 1000 AS score_lag_19, -- points | engagement score of the 19th last session | missing when fewer than 19 sessions
    scores[20] / 1000 AS score_lag_20, -- points | engagement score of the 20th last session | missing when fewer than 20 sessions
    scores[21] / 1000 AS score_lag_21, -- points | engagement score of the 21st last session | missing when fewer than 21 sessions
    scores[22] / 1000 AS score_lag_22, -- points | engagement score of the 22nd last session | missing when fewer than 22 sessions
    scores[23] / 1000 AS score_lag_23, -- points | engagement score of the 23rd last session | missing when fewer than 23 sessions
    scores[24] / 1000 AS score_lag_24, -- points | engagement score of the 24th last session | missing when fewer than 24 sessions
    scores[25] / 1000 AS score_lag_25, -- points | engagement score of the 25th last session | missing when fewer than 25 sessions
    scores[26] / 1000 AS score_lag_26, -- points | engagement score of the 26th last session | missing when fewer than 26 sessions
    scores[27] / 1000 AS score_lag_27, -- points | engagement score of the 27th last session | missing when fewer than 27 sessions
    scores[28] / 1000 AS score_lag_28, -- points | engagement score of the 28th last session | missing when fewer than 28 sessions
    scores[29] / 1000 AS score_lag_29, -- points | engagement score of the 29th last session | missing when fewer than 29 sessions
    scores[30] / 1000 AS score_lag_30, -- points | engagement score of the 30th last session | missing when fewer than 30 sessions
    silences[1] / 86400000 AS silence_days_lag_1, -- days | days since the last session ended | never missing
    silences[2] / 86400000 AS silence_days_lag_2, -- days | days from the 2nd last session to the last session | missing when fewer than 2 sessions
    silences[3] / 86400000 AS silence_days_lag_3, -- days | days from the 3rd last session to the 2nd last session | missing when fewer than 3 sessions
    silences[4] / 86400000 AS silence_days_lag_4, -- days | days from the 4th last session to the 3rd last session | missing when fewer than 4 sessions
    silences[5] / 86400000 AS silence_days_lag_5, -- days | days from the 5th last session to the 4th last session | missing when fewer than 5 sessions
    silences[6] / 86400000 AS silence_days_lag_6, -- days | days from the 6th last session to the 5th last session | missing when fewer than 6 sessions
    silences[7] / 86400000 AS silence_days_lag_7, -- days | days from the 7th last session to the 6th last session | missing when fewer than 7 sessions
    silences[8] / 86400000 AS silence_days_lag_8, -- days | days from the 8th last session to the 7th last session | missing when fewer than 8 sessions
    silences[9] / 86400000 AS silence_days_lag_9, -- days | days from the 9th last session to the 8th last session | missing when fewer than 9 sessions
    silences[10] / 86400000 AS silence_days_lag_10, -- days | days from the 10th last session to the 9th last session | missing when fewer than 10 sessions
    silences[11] / 86400000 AS silence_days_lag_11, -- days | days from the 11th last session to the 10th last session | missing when fewer than 11 sessions
    silences[12] / 86400000 AS silence_days_lag_12, -- days | days from the 12th last session to the 11th last session | missing when fewer than 12 sessions
    silences[13] / 86400000 AS silence_days_lag_13, -- days | days from the 13th last session to the 12th last session | missing when fewer than 13 sessions
    silences[14] / 86400000 AS silence_days_lag_14, -- days | days from the 14th last session to the 13th last session | missing when fewer than 14 sessions
    silences[15] / 86400000 AS silence_days_lag_15, -- days | days from the 15th last session to the 14th last session | missing when fewer than 15 sessions
    silences[16] / 86400000 AS silence_days_lag_16, -- days | days from the 16th last session to the 15th last session | missing when fewer than 16 sessions
    silences[17] / 86400000 AS silence_days_lag_17, -- days | days from the 17th last session to the 16th last session | missing when fewer than 17 sessions
    silences[18] / 86400000 AS silence_days_lag_18, -- days | days from the 18th last session to the 17th last session | missing when fewer than 18 sessions
    silences[19] / 86400000 AS silence_days_lag_19, -- days | days from the 19th last session to the 18th last session | missing when fewer than 19 sessions
    silences[20] / 86400000 AS silence_days_lag_20, -- days | days from the 20th last session to the 19th last session | missing when fewer than 20 sessions
    silences[21] / 86400000 AS silence_days_lag_21, -- days | days from the 21st last session to the 20th last session | missing when fewer than 21 sessions
    silences[22] / 86400000 AS silence_days_lag_22, -- days | days from the 22nd last session to the 21st last session | missing when fewer than 22 sessions
    silences[23] / 86400000 AS silence_days_lag_23, -- days | days from the 23rd last session to the 22nd last session | missing when fewer than 23 sessions
    silences[24] / 86400000 AS silence_days_lag_24, -- days | days from the 24th last session to the 23rd last session | missing when fewer than 24 sessions
    silences[25] / 86400000 AS silence_days_lag_25, -- days | days from the 25th last session to the 24th last session | missing when fewer than 25 sessions
    silences[26] / 86400000 AS silence_days_lag_26, -- days | days from the 26th last session to the 25th last session | missing when fewer than 26 sessions
    silences[27] / 86400000 AS silence_days_lag_27, -- days | days from the 27th last session to the 26th last session | missing when fewer than 27 sessions
    silences[28] / 86400000 AS silence_days_lag_28, -- days | days from the 28th last session to the 27th last session | missing when fewer than 28 sessions
    silences[29] / 86400000 AS silence_days_lag_29, -- days | days from the 29th last session to the 28th last session | missing when fewer than 29 sessions
    silences[30] / 86400000 AS silence_days_lag_30, -- days | days from the 30th last session to the 29th last session | missing when fewer than 30 sessions
    articles[1] AS articles_lag_1, -- articles | different articles opened in the last session | never missing
    articles[2] AS articles_lag_2, -- articles | different articles opened in the 2nd last session | missing when fewer than 2 sessions
    articles[3] AS articles_lag_3, -- articles | different articles opened in the 3rd last session | missing when fewer than 3 sessions
    articles[4] AS articles_lag_4, -- articles | different articles opened in the 4th last session | missing when fewer than 4 sessions
    articles[5] AS articles_lag_5, -- articles | different articles opened in the 5th last session | missing when fewer than 5 sessions
    articles[6] AS articles_lag_6, -- articles | different articles opened in the 6th last session | missing when fewer than 6 sessions
    articles[7] AS articles_lag_7, -- articles | different articles opened in the 7th last session | missing when fewer than 7 sessions
    articles[8] AS articles_lag_8, -- articles | different articles opened in the 8th last session | missing when fewer than 8 sessions
    articles[9] AS articles_lag_9, -- articles | different articles opened in the 9th last session | missing when fewer than 9 sessions
    articles[10] AS articles_lag_10, -- articles | different articles opened in the 10th last session | missing when fewer than 10 sessions
    articles[11] AS articles_lag_11, -- articles | different articles opened in the 11th last session | missing when fewer than 11 sessions
    articles[12] AS articles_lag_12, -- articles | different articles opened in the 12th last session | missing when fewer than 12 sessions
    articles[13] AS articles_lag_13, -- articles | different articles opened in the 13th last session | missing when fewer than 13 sessions
    articles[14] AS articles_lag_14, -- articles | different articles opened in the 14th last session | missing when fewer than 14 sessions
    articles[15] AS articles_lag_15, -- articles | different articles opened in the 15th last session | missing when fewer than 15 sessions
    articles[16] AS articles_lag_16, -- articles | different articles opened in the 16th last session | missing when fewer than 16 sessions
    articles[17] AS articles_lag_17, -- articles | different articles opened in the 17th last session | missing when fewer than 17 sessions
    articles[18] AS articles_lag_18, -- articles | different articles opened in the 18th last session | missing when fewer than 18 sessions
    articles[19] AS articles_lag_19, -- articles | different articles opened in the 19th last session | missing when fewer than 19 sessions
    articles[20] AS articles_lag_20, -- articles | different articles opened in the 20th last session | missing when fewer than 20 sessions
    articles[21] AS articles_lag_21, -- articles | different articles opened in the 21st last session | missing when fewer than 21 sessions
    articles[22] AS articles_lag_22, -- articles | different articles opened in the 22nd last session | missing when fewer than 22 sessions
    articles[23] AS articles_lag_23, -- articles | different articles opened in the 23rd last session | missing when fewer than 23 sessions
    articles[24] AS articles_lag_24, -- articles | different articles opened in the 24th last session | missing when fewer than 24 sessions
    articles[25] AS articles_lag_25, -- articles | different articles opened in the 25th last session | missing when fewer than 25 sessions
    articles[26] AS articles_lag_26, -- articles | different articles opened in the 26th last session | missing when fewer than 26 sessions
    articles[27] AS articles_lag_27, -- articles | different articles opened in the 27th last session | missing when fewer than 27 sessions
    articles[28] AS articles_lag_28, -- articles | different articles opened in the 28th last session | missing when fewer than 28 sessions
    articles[29] AS articles_lag_29, -- articles | different articles opened in the 29th last session | missing when fewer than 29 sessions
    articles[30] AS articles_lag_30, -- articles | different articles opened in the 30th last session | missing when fewer than 30 sessions
    arrayAvg(arraySlice(known, 1, 3)) / 1000 AS score_mean_3, -- points | mean engagement score of the last 3 sessions, or of as many as there are | never missing
    arrayAvg(arraySlice(known, 1, 5)) / 1000 AS score_mean_5, -- points | mean engagement score of the last 5 sessions, or of as many as there are | never missing
    arrayAvg(arraySlice(known, 1, 10)) / 1000 AS score_mean_10, -- points | mean engagement score of the last 10 sessions, or of as many as there are | never missing
    arrayAvg(arraySlice(known, 1, 30)) / 1000 AS score_mean_30, -- points | mean engagement score of the last 30 sessions, or of as many as there are | never missing
    score_sum / sessions / 1000 AS score_mean_ever, -- points | mean engagement score of all sessions so far | never missing
    if(sessions < 2, NULL, arrayReduce('stddevPop', arraySlice(known, 1, 10)) / 1000) AS score_spread_10, -- points | spread of the engagement scores of the last 10 sessions | missing when fewer than 2 sessions
    if(sessions < 3, NULL, 6 * arraySum((score, place) -> (lined - 1 - 2 * place) * toInt64(score), arraySlice(known, 1, 10), range(lined)) / (lined * (lined * lined - 1)) / 1000) AS score_slope_10 -- points per session | slope of a line through the engagement scores of the last 10 sessions | missing when fewer than 3 sessions
FROM (
    SELECT
        user_id,
        count() AS sessions,
        sum(score) AS score_sum,
        groupArraySorted(30)((-ended_ms, -started_ms, score, read_articles)) AS newest,
        arrayMap(session -> session.3, newest) AS known,
        toInt64(length(arraySlice(known, 1, 10))) AS lined,
        arrayResize(arrayMap(score -> toNullable(score), known), 30, NULL) AS scores,
        arrayResize(arrayMap(session -> toNullable(session.4), newest), 30, NULL) AS articles,
        arrayResize(arrayMap(
            (session, later_ms) -> toNullable(greatest(0, later_ms + session.1)),
            newest,
            arrayPushFront(arrayPopBack(arrayMap(session -> -session.2, newest)), toUnixTimestamp64Milli({as_of:DateTime64(3,'UTC')}))), 30, NULL) AS silences
    FROM (
        SELECT
            user_id,
            toUnixTimestamp64Milli(session_end) AS ended_ms,
            toUnixTimestamp64Milli(session_start) AS started_ms,
            if(empty(article_ids), article_views, arrayUniq(article_ids)) AS read_articles,
            -- include readership.features.session_score
            AS score
        FROM session_versions
        WHERE known_at <= {as_of:DateTime64(3,'UTC')}
          AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')}
          AND session_end < {as_of:DateTime64(3,'UTC')}
          AND tombstone = 0
          AND row_id NOT IN (
              SELECT replaces FROM session_versions
              WHERE replaces != 0 AND known_at <= {as_of:DateTime64(3,'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')})
    )
    GROUP BY user_id
)
