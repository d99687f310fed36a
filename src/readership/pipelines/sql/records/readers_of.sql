-- The readers that the chunk's rows name.
-- grain: user_id
SELECT DISTINCT fields['user_id'] AS named FROM {staging:Identifier}.checked WHERE named != ''
