-- Changes of articles behind a number, in order. KEYS: the articles, their changes. ARGV: the number, how many at most.
-- Returns number and content by turns.
local found = {}
local changes = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
for place = 1, #changes, 2 do
    found[#found + 1] = changes[place + 1]
    found[#found + 1] = redis.call('HGET', KEYS[1], changes[place])
end
return found
