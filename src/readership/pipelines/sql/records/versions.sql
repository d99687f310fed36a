-- The versions each good row of a chunk states, and when each was known.
-- grain: n, part
-- How a thing ended is not known before it did: a row that states neither `received_at` nor `valid_from` counts as one
-- version without its end, known from its beginning on, and one with it, known from the end on.
SELECT
    n,
    part,
    stated,
    arrayStringConcat(arrayMap(name -> concat(name, ' ''', fields[name], ''''), {key:Array(String)}), ', ') AS named,
    mapFilter((name, text) -> part != 1 OR NOT has({ended:Array(String)}, name), fields) AS says,
    mapFilter((name, ms) -> part != 1 OR NOT has({ended:Array(String)}, name), times) AS at,
    micros,
    fromUnixTimestamp64Milli(ifNull(times['valid_from'], ifNull(times[{begins:String}], 0)), 'UTC') AS valid_since,
    fromUnixTimestamp64Milli(if(part = 2, least(assumeNotNull(ended_ms), {now_ms:Int64}), begun_ms), 'UTC') AS known_at
FROM
(
    SELECT
        *,
        fields['received_at'] != '' OR ifNull(times['valid_from'] <= {now_ms:Int64}, 0) AS stated,
        coalesce(
            times['cancelled_at'], times['withdrawn_at'],
            if(fields['reason'] != '', times['period_end'], NULL)) AS ended_ms,
        multiIf(
            fields['received_at'] != '', ifNull(times['received_at'], 0),
            {received_now:UInt8} = 1, {now_ms:Int64},
            least(ifNull(times['valid_from'], ifNull(times[{begins:String}], 0)), {now_ms:Int64})) AS begun_ms,
        arrayJoin(if(NOT stated AND fields['valid_from'] = '' AND {received_now:UInt8} = 0 AND least(ifNull(ended_ms, 0), {now_ms:Int64}) > begun_ms, [1, 2], [0])) AS part
    FROM {staging:Identifier}.checked
    WHERE field = ''
)
