-- Take readers' records and entries of a feed as a whole; nothing where something changed since it was read.
-- KEYS: those seen, the feed
-- ARGV: ms of now; how many readers; of each its key, the record as it was ('' for none) and as it shall be ('' for none);
--       then of each entry of the feed what it is seen by, and its content
-- Returns 1, or 0 where a record is another by now, or an entry was seen.
local readers = tonumber(ARGV[2])
local entries = 3 + 3 * readers
for place = 3, entries - 1, 3 do
    if (redis.call('GET', ARGV[place]) or '') ~= ARGV[place + 1] then
        return 0
    end
end
for place = entries, #ARGV, 2 do
    if redis.call('ZSCORE', KEYS[1], ARGV[place]) then
        return 0
    end
end
for place = 3, entries - 1, 3 do
    if ARGV[place + 2] == '' then
        redis.call('DEL', ARGV[place])
    elseif ARGV[place + 2] ~= ARGV[place + 1] then
        redis.call('SET', ARGV[place], ARGV[place + 2])
    end
end
if entries > #ARGV then
    return 1
end
local now = tonumber(ARGV[1])
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
if last then
    now = math.max(now, tonumber(string.match(last[1], '^%d+')))
end
local id = string.format('%.0f-*', now)
for place = entries, #ARGV, 2 do
    redis.call('XADD', KEYS[2], id, 'e', ARGV[place + 1])
    redis.call('ZADD', KEYS[1], ARGV[1], ARGV[place])
end
return 1
