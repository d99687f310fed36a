-- One row: how many recorded outages of every brand touch [as_of, as_of + horizon).
-- grain: as_of
SELECT count() AS outages
FROM outages
WHERE brand = ''
    AND starts_at < {as_of:DateTime64(3, 'UTC')} + toIntervalDay({horizon_days:UInt16})
    AND ends_at > {as_of:DateTime64(3, 'UTC')}
    AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
