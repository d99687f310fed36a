-- Until which day there are sessions that were read from a publisher's table, and from which; "" where there are none.
-- grain: one row
SELECT if(count() = 0, '', toString(toDate(max(session_end)))) AS until, any(toString(origin)) AS origin_of
FROM session_versions WHERE origin != ''
