-- How often articles were opened in [since, as_of): what places to show ads are counted against.
-- grain: one row    leakage rule: timestamp < as_of and received_at <= as_of
SELECT count() AS views
FROM events
WHERE event_type = 'article_view'
    AND timestamp >= {since:DateTime64(3, 'UTC')} AND timestamp < {as_of:DateTime64(3, 'UTC')}
    AND received_at <= {as_of:DateTime64(3, 'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3, 'UTC')}
    AND ({brand:String} = '' OR brand = {brand:String})
