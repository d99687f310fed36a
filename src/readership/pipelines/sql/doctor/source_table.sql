-- The rows of somebody's table (events, or sessions by their begin) before as_of, in the columns the doctor's statements count.
-- grain: row of the table
-- A field without a column is bound to `readership_absent`; names within begin with readership_, so that no column is taken
-- for one of them. Times that state no zone are read in the mapping's.
SELECT
    readership_reader AS reader,
    readership_at AS at,
    readership_known AS received_at,
    readership_type AS event_type,
    readership_brand AS brand,
    readership_zone AS timezone,
    readership_tier AS tier,
    readership_agreed AS consent,
    readership_tier != '' OR readership_type IN ('registration', 'login') OR readership_registered IN ('1', 'true', 'yes')
        AS registered,
    readership_content AS content
FROM
(
    WITH
        '' AS readership_absent,
        (value) -> ifNull(toString(value), '') AS readership_text,
        (kind, moment, text) -> multiIf(
            match(kind, 'DateTime.*\'|Date\\)*$|Date32'), moment,
            {time_pattern:String} != '', toDateTime64(parseDateTimeOrNull(text, {time_pattern:String}, {zone:String}), 3, 'UTC'),
            isNotNull(toFloat64OrNull(text)),
                fromUnixTimestamp64Milli(toInt64(if(toFloat64OrZero(text) < 1e11, 1000, 1) * least(toFloat64OrZero(text), 4e12)), 'UTC'),
            parseDateTime64BestEffortOrNull(text, 3, {zone:String})) AS readership_time,
        readership_text({brand:Identifier}) AS readership_brand_text,
        readership_text({timezone:Identifier}) AS readership_zone_text,
        readership_text({tier:Identifier}) AS readership_tier_text,
        readership_text({consent:Identifier}) AS readership_consent_text,
        readership_text({user_id:Identifier}) AS readership_user_text,
        readership_text({device_id:Identifier}) AS readership_device_text,
        readership_text({event_type:Identifier}) AS readership_type_text,
        lower(readership_text({registered:Identifier})) AS readership_registered_text,
        readership_time(
            toTypeName({happened:Identifier}), accurateCastOrNull({happened:Identifier}, 'DateTime64(3, \'UTC\')'),
            readership_text({happened:Identifier})) AS readership_happened,
        readership_time(
            toTypeName({known:Identifier}), accurateCastOrNull({known:Identifier}, 'DateTime64(3, \'UTC\')'),
            readership_text({known:Identifier})) AS readership_received
    SELECT
        if(readership_user_text != '', readership_user_text, concat('device:', readership_device_text)) AS readership_reader,
        assumeNotNull(readership_happened) AS readership_at,
        ifNull(readership_received, readership_at) AS readership_known,
        if(readership_type_text = '', {type_constant:String},
            transform(readership_type_text, {type_from:Array(String)}, {type_to:Array(String)}, readership_type_text)) AS readership_type,
        if(readership_brand_text = '', {brand_constant:String}, readership_brand_text) AS readership_brand,
        multiIf(readership_zone_text != '', readership_zone_text, {timezone_constant:String} != '', {timezone_constant:String},
            transform(readership_brand, {zone_brands:Array(String)}, {zone_names:Array(String)}, '')) AS readership_zone,
        if(readership_tier_text = '', {tier_constant:String},
            transform(readership_tier_text, {tier_from:Array(String)}, {tier_to:Array(String)}, readership_tier_text)) AS readership_tier,
        multiIf(
            readership_consent_text = '', NULL,
            startsWith(readership_consent_text, '{'), toUInt8(2 * (
                JSONExtractString(readership_consent_text, 'personalisation') IN ('1', 'true')
                OR JSONExtractBool(readership_consent_text, 'personalisation'))),
            match(readership_consent_text, '^[0-9]+$'), bitAnd(toUInt8OrZero(readership_consent_text), 15),
            toUInt8(2 * (position(readership_consent_text, 'personalisation') > 0))) AS readership_agreed,
        if(readership_registered_text = '', {registered_constant:String}, readership_registered_text) AS readership_registered,
        cityHash64(
            readership_reader, readership_at, readership_type,
            readership_text({identity:Identifier}), readership_text({identity_too:Identifier})) AS readership_content
    FROM {database:Identifier}.{table:Identifier}
    WHERE isNotNull(readership_happened) AND readership_happened < {as_of:DateTime64(3, 'UTC')}
        AND (readership_user_text != '' OR readership_device_text != '')
)
