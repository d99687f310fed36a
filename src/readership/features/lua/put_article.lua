-- Keep an article in place of what was kept of it. KEYS: the counter, the articles, their changes. ARGV: name, content.
-- Returns the number of the change.
local number = redis.call('INCR', KEYS[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[3], number, ARGV[1])
return number
