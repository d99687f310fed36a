-- Part of a WITH: a text or a number as milliseconds since 1970, by the mapping's format and zone; null where it is no time.
-- grain: none
    (text) -> match(text, '(?i)(z|utc|gmt|[+-][0-9]{2}:?[0-9]{2})$') AS states_zone,
    (number) -> if(
        {time_format:String} = 'epoch_seconds' OR ({time_format:String} = 'auto' AND abs(number) < 1e11),
        number * 1000, number) AS in_ms,
    (number) -> isFinite(number) AND abs(in_ms(number)) < 1e13 AS is_ms,
    -- the inner `if`: where rows of a block differ, the engine converts all of them, and fails on what is no number
    (number) -> if(is_ms(number), toInt64(if(is_ms(number), round(in_ms(number)), 0)), NULL) AS epoch_ms,
    (text) -> if(
        {time_format:String} != 'auto' OR ({zone:String} = '' AND NOT states_zone(text)),
        NULL,
        toUnixTimestamp64Milli(parseDateTime64BestEffortOrNull(text, 3, {zone_or_utc:String}))) AS written_ms,
    (text) -> if(
        {time_pattern:String} != '',
        toUnixTimestamp64Milli(toDateTime64(parseDateTimeOrNull(text, {time_pattern:String}, {zone_or_utc:String}), 3)),
        if(isNull(toFloat64OrNull(text)), written_ms(text), epoch_ms(toFloat64OrZero(text)))) AS time_ms,
