-- Versions of paid periods in the columns of their table.
-- grain: n, part
SELECT
    n, part, stated, named,
    says['user_id'] AS external_id,
    if(toString(toUInt64OrZero(external_id)) = external_id, toUInt64OrZero(external_id), halfMD5(external_id)) AS user_id,
    says['plan'] AS plan,
    micros['price_eur'] AS price_micros,
    price_micros / 1000000 AS price_eur,
    fromUnixTimestamp64Milli(ifNull(at['period_start'], 0), 'UTC') AS period_start,
    fromUnixTimestamp64Milli(ifNull(at['period_end'], 0), 'UTC') AS period_end,
    fromUnixTimestamp64Milli(at['cancelled_at'], 'UTC') AS cancelled_at,
    says['reason'] AS reason,
    says['brand'] AS brand,
    valid_since AS valid_from,
    known_at AS received_at
FROM versions
