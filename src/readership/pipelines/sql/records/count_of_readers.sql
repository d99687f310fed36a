-- How many rows of the chunk are about these readers.
-- grain: one row
SELECT count() FROM {staging:Identifier}.checked WHERE fields['user_id'] IN {gone:Array(String)}
