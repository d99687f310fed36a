-- The one version of each simple run.
-- grain: row_id
INSERT INTO {staging:Identifier}.spans
SELECT
    halfMD5(concat(
        toString(user_id), '|', session_id, '|', toString(known_ms), '|',
        toString(arraySum(event -> event.3, run)))) AS row_id,
    0,
    0,
    user_id,
    source_id,
    if(source_id != '', source_id, concat('gap-', leftPad(lower(hex(halfMD5(concat(
        toString(user_id), '|', toString(arraySort(event -> (event.2, event.1), run)[1].1))))), 16, '0'))) AS session_id,
    run[1].1,
    run[1].1,
    run[-1].1,
    arrayMax(event -> event.2, run) AS through_ms,
    greatest(through_ms, run[-1].1 + {gap_ms:Int64}) AS known_ms
FROM {staging:Identifier}.runs
WHERE simple
