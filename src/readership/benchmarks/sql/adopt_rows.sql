-- A year of sessions of readers with a heavy tail, in the publisher's own names; two articles a session on average.
-- grain: visit_uuid
INSERT INTO publisher.visits
SETTINGS max_partitions_per_insert_block = 0
WITH
    sipHash64(number) AS draw,
    toUInt64(pow(number / {sessions:UInt64}, 1.5) * {readers:UInt64}) AS reader
SELECT
    reinterpretAsUUID(sipHash128(number)),
    lower(hex(MD5(toString(reader)))),
    ['north', 'south', 'west'][1 + reader % 3],
    toDateTime('2025-01-01 00:00:00') + draw % 31536000 AS begins,
    begins + 30 + bitShiftRight(draw, 32) % 900 AS ends,
    multiIf(reader % 10 < 5, 'none', reader % 10 < 9, 'basic', 'plus'),
    'DE',
    ['desktop', 'mobile', 'app'][1 + reader % 3],
    'https://search.example/',
    bitShiftRight(draw, 48) % 5 AS articles,
    arrayMap(place -> concat('story-', toString((draw + place * 7919) % 20000)), range(articles)),
    articles + 2,
    toDateTime(ends + 120, 'UTC')
FROM numbers({sessions:UInt64})
