-- How many events the batch's new sessions tell that are not stored yet.
-- grain: one row
SELECT (SELECT count() FROM {staging:Identifier}.doings) - (SELECT uniqExact(event_id) FROM {staging:Identifier}.told)
