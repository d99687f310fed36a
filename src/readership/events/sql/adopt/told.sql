-- Of the batch's doings those that are stored already: of an earlier version, or of a load that was stopped.
-- grain: event_id
INSERT INTO {staging:Identifier}.told
SELECT event_id FROM events
WHERE timestamp >= fromUnixTimestamp64Milli({least_ms:Int64}, 'UTC') - toIntervalHour(1)
    AND timestamp <= fromUnixTimestamp64Milli({greatest_ms:Int64}, 'UTC') + toIntervalHour(1)
    AND event_id IN (SELECT event_id FROM {staging:Identifier}.doings)
