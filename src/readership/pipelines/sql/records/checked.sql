-- A chunk's rows by our fields, with times in milliseconds, money in millionths, and the first thing wrong.
-- grain: n
INSERT INTO {staging:Identifier}.checked
WITH
    (text) -> match(text, '(?i)(z|utc|gmt|[+-][0-9]{2}:?[0-9]{2})$') AS states_zone,
    (number) -> if(
        {time_format:String} = 'epoch_seconds' OR ({time_format:String} = 'auto' AND abs(number) < 1e11),
        number * 1000, number) AS in_ms,
    (number) -> isFinite(number) AND abs(in_ms(number)) < 1e13 AS is_ms,
    -- the inner `if`: where rows of a block differ, the engine converts all of them, and fails on what is no number
    (number) -> if(is_ms(number), toInt64(if(is_ms(number), round(in_ms(number)), 0)), NULL) AS epoch_ms,
    (text) -> ifNull(abs(toFloat64OrNull(text)) <= 1e12, 0) AS is_amount,
    (text) -> match(text, '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$') AS is_native,
    (text) -> if(
        ({time_format:String} != 'auto' AND NOT is_native(text)) OR ({zone:String} = '' AND NOT states_zone(text)),
        NULL,
        toUnixTimestamp64Milli(parseDateTime64BestEffortOrNull(text, 3, {zone_or_utc:String}))) AS written_ms,
    (text) -> if(
        {time_pattern:String} != '' AND NOT is_native(text),
        toUnixTimestamp64Milli(toDateTime64(parseDateTimeOrNull(text, {time_pattern:String}, {zone_or_utc:String}), 3)),
        if(isNull(toFloat64OrNull(text)), written_ms(text), epoch_ms(toFloat64OrZero(text)))) AS read_ms,
    (text) -> if(match(text, '^(2[2-9]|[3-9][0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}'), {never_ms:Int64}, read_ms(text)) AS time_ms
SELECT n, fields, times, micros, wrong.1, wrong.2
FROM
(
    SELECT
        n, fields, times, micros, valid_ms,
        arrayFirst(name -> fields[name] = '', {required:Array(String)}) AS missing,
        arrayFirst(name -> fields[name] != '' AND isNull(times[name]), {time_fields:Array(String)}) AS untimed,
        arrayFirst(name -> times[name] < 0, {time_fields:Array(String)}) AS too_early,
        arrayFirst(name -> fields[name] != '' AND isNull(micros[name]), {money_fields:Array(String)}) AS unpriced,
        arrayFirst(name -> micros[name] < 0, {money_fields:Array(String)}) AS negative,
        arrayFirst(name -> fields[name] != '' AND ifNull(toUInt32OrNull(fields[name]), 0) = 0, {count_fields:Array(String)}) AS uncounted,
        arrayFirst(name -> lower(fields[name]) NOT IN ('', '0', '1', 'true', 'false'), {flag_fields:Array(String)}) AS unsaid,
        multiIf(
            problem != '', ('line', problem),
            missing != '', (missing, if(missing = {first_seen:String},
                'is empty, and no event of this article is stored: load the events first', 'is empty')),
            untimed != '', (untimed, if(
                isNotNull(parseDateTime64BestEffortOrNull(fields[untimed])) AND {time_format:String} = 'auto',
                concat('''', fields[untimed], ''' states no zone, and neither does the mapping; write `zone` under [time]'),
                concat('''', fields[untimed], ''' is not a time'))),
            too_early != '', (too_early, concat('''', fields[too_early], ''' is before 1970')),
            times['received_at'] > {now_ms:Int64} + 600000,
                ('received_at', concat('''', fields['received_at'], ''' lies in the future')),
            unpriced != '', (unpriced, concat('''', fields[unpriced], ''' is not an amount; write it as 9.90')),
            negative != '', (negative, concat('''', fields[negative], ''' is below 0')),
            uncounted != '', (uncounted, concat('''', fields[uncounted], ''' is not a whole number from 1 on')),
            unsaid != '', (unsaid, concat('''', fields[unsaid], ''' is neither true nor false')),
            times['period_end'] <= times['period_start'],
                ('period_end', concat('''', fields['period_end'], ''' is not after period_start (''', fields['period_start'], ''')')),
            times['ends_at'] <= times['starts_at'],
                ('ends_at', concat('''', fields['ends_at'], ''' is not after starts_at (''', fields['starts_at'], ''')')),
            times['withdrawn_at'] < times['published_at'],
                ('withdrawn_at', concat('''', fields['withdrawn_at'], ''' is before published_at (''', fields['published_at'], ''')')),
            fields['targeting'] != '' AND NOT (startsWith(fields['targeting'], '{') AND isValidJSON(fields['targeting'])),
                ('targeting', 'is not a JSON object'),
            ('', '')) AS wrong
    FROM
    (
        SELECT
            *,
            mapFromArrays({time_fields:Array(String)}, arrayMap(name -> time_ms(fields[name]), {time_fields:Array(String)})) AS times,
            mapFromArrays({money_fields:Array(String)}, arrayMap(
                name -> if(
                    is_amount(fields[name]),
                    toInt64(if(is_amount(fields[name]), round(toFloat64OrZero(fields[name]) * 1000000), 0)),
                    NULL),
                {money_fields:Array(String)})) AS micros,
            times['valid_from'] AS valid_ms
        FROM
        (
            SELECT
                n, problem,
                arrayMap(
                    (name, theirs, constant) -> multiIf(
                        columns[theirs] != '', columns[theirs],
                        name = {first_seen:String} AND seen.at != '', seen.at,
                        constant),
                    {ours:Array(String)}, {theirs:Array(String)}, {constants:Array(String)}) AS given,
                mapFromArrays({ours:Array(String)}, arrayMap(
                    (name, text) -> if(
                        has({values_from:Array(String)}, concat(name, '=', text)),
                        {values_to:Array(String)}[indexOf({values_from:Array(String)}, concat(name, '=', text))],
                        text),
                    {ours:Array(String)}, given)) AS fields
            FROM {staging:Identifier}.sources AS sources
            LEFT JOIN {staging:Identifier}.seen AS seen ON seen.key = sources.columns[{key_column:String}]
            WHERE n >= {first:UInt64} AND n <= {last:UInt64}
                AND ({only_with:String} = '' OR problem != '' OR columns[{only_with:String}] != '')
        )
    )
)
