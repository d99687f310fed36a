-- Leave out articles that were not put again. KEYS: the articles, their changes. ARGV: name and number by turns.
for place = 1, #ARGV, 2 do
    if redis.call('ZSCORE', KEYS[2], ARGV[place]) == ARGV[place + 1] then
        redis.call('ZREM', KEYS[2], ARGV[place])
        redis.call('HDEL', KEYS[1], ARGV[place])
    end
end
return 1
