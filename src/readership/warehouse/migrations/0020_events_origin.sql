-- Where an event was derived from, if nobody sent it: the publisher's table of sessions that it was read off.
-- grain: none
ALTER TABLE events ADD COLUMN origin LowCardinality(String) COMMENT 'empty: an event that was sent; else the table of sessions it was read off'
