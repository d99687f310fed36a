-- The campaigns that the held world lives with.
-- grain: campaign, user_id
SELECT campaign, kind::String AS kind, since, user_id FROM {truth:Identifier}.contacts ORDER BY since, campaign, user_id
