-- The engagement score of one session in thousandths of a point, 0 to 100,000: an expression over session_versions.
-- grain: row_id    leakage rule: none of its own; whoever includes it chooses the rows
--   40  reading time        s / (s + 60)        s: seconds of active reading
--   20  completion          whole / articles    at most 1; 0 where no article was opened
--   15  depth               mean scroll depth   of the pages that say
--   15  breadth             n / (n + 2)         n: different articles
--   10  length              m / (m + 3)         m: minutes from the first event to the last
-- What the log does not carry (no reading time; no scroll depth; neither and nothing read whole) has its weight spread
-- over the rest, session by session; where no article was opened there was nothing to measure, and these are 0.
toUInt32(round(100000 * (
    40 * engaged_ms / (engaged_ms + 60000)
    + 20 * least(1, article_completes / greatest(1, if(empty(article_ids), article_views, arrayUniq(article_ids))))
    + 15 * least(1, scroll_depth_sum / (100 * greatest(1, scroll_events)))
    + 15 * if(empty(article_ids), article_views, arrayUniq(article_ids)) / (if(empty(article_ids), article_views, arrayUniq(article_ids)) + 2)
    + 10 * dateDiff('millisecond', session_start, session_end) / (dateDiff('millisecond', session_start, session_end) + 180000)
) / (
    if(engaged_events > 0 OR article_views = 0, 40, 0)
    + if(engaged_events + scroll_events + article_completes > 0 OR article_views = 0, 20, 0)
    + if(scroll_events > 0 OR article_views = 0, 15, 0)
    + 25
)))
