-- Whether a table is one that Readership made: it lies beside our record of migrations, under a name of ours.
-- grain: one row
SELECT countIf(table = 'schema_migrations' AND name IN ('number', 'name', 'checksum', 'applied_at')) = 4
    AND {table:String} IN ('events', 'session_versions', 'session_metrics', 'readers', 'articles', 'subscriptions', 'ads')
FROM system.columns
WHERE database = {database:String}
