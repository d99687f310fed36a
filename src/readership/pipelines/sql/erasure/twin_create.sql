-- An empty table like one of ours. Names of tables cannot be bound here; they are those the engine itself lists.
-- grain: none
CREATE TABLE $staging.$table AS $database.$table
