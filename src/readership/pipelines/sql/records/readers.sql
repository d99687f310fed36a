-- Who is behind paid periods of readers that no event has named yet.
-- grain: user_id
INSERT INTO readers (user_id, external_id, first_seen, registered_at, timezone, brand, consent, received_at, loaded_at)
SELECT user_id, any(external_id), min(period_start), NULL, '', '', NULL, min(received_at), now64(3)
FROM {staging:Identifier}.rows
WHERE n NOT IN (SELECT n FROM {staging:Identifier}.bad) AND user_id NOT IN (SELECT user_id FROM readers)
GROUP BY user_id
