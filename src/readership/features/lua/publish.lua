-- Name a version as the one in use, if all of it is there, and delete those older than the one before.
-- KEYS: the key of the name in use, the list of names, the version
-- ARGV: how many rows it must hold, key and content of its own row, its name, how many versions stay, what keys begin with
if redis.call('HLEN', KEYS[3]) ~= tonumber(ARGV[1]) then
    return redis.error_reply('some of the version that was written is gone; the server must not evict keys (maxmemory-policy noeviction)')
end
redis.call('HSET', KEYS[3], ARGV[2], ARGV[3])
redis.call('PERSIST', KEYS[3])
redis.call('RPUSH', KEYS[2], ARGV[4])
redis.call('SET', KEYS[1], ARGV[4])
while redis.call('LLEN', KEYS[2]) > tonumber(ARGV[5]) do
    redis.call('UNLINK', ARGV[6] .. redis.call('LPOP', KEYS[2]))
end
return 1
