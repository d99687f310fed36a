-- Stops deletions that a killed erasure left waiting for a table that is no more; the next one begins anew.
-- grain: none
KILL MUTATION WHERE database = currentDatabase() AND NOT is_done AND position(command, 'readership_staging_') > 0 SYNC
