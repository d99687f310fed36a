-- The runs whose sessions were known in more than one state.
-- grain: user_id, source_id, run
SELECT user_id, source_id, run FROM {staging:Identifier}.runs WHERE NOT simple
