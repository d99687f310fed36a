-- Drops the rows about these readers from the chunk.
-- grain: none
ALTER TABLE {staging:Identifier}.checked DELETE WHERE fields['user_id'] IN {gone:Array(String)}
