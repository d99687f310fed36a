-- Readers who are in the list of any campaign, contacted or held out, in the days before as_of, a campaign at as_of included.
-- grain: user_id    leakage rule: at <= as_of and received_at <= as_of
SELECT DISTINCT toUInt64(unit) AS user_id
FROM exposures
WHERE startsWith(experiment, 'campaign/')
    AND at > {as_of:DateTime64(3, 'UTC')} - toIntervalDay({rest_days:UInt16})
    AND at <= {as_of:DateTime64(3, 'UTC')}
    AND received_at <= {as_of:DateTime64(3, 'UTC')}
