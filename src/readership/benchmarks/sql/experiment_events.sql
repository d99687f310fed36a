-- Generated events of readers who differ in how often they come: the reader at u, 0 to 1, as often as 1/sqrt(u).
-- grain: event    leakage rule: none, nothing here happened
INSERT INTO events (event_id, user_id, event_type, engaged_ms, timestamp, received_at, loaded_at)
SELECT
    reinterpretAsUUID(toUInt128(number)), toUInt64(pow((number + 0.5) / {events:UInt64}, 2) * {readers:UInt64}) AS reader,
    if(number % 3 = 0, 'article_view', 'scroll'), 1000 + sipHash64(number) % 90000 AS engaged_ms,
    {since:DateTime64(3, 'UTC')} + toIntervalMillisecond(sipHash64(number, 1) % ({seconds:UInt64} * 1000)) AS at, at, at
FROM numbers({events:UInt64})
