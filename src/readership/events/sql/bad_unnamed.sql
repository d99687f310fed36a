-- Rows that could not be understood and of which it is not known whom they are about, whole.
-- grain: n, field
SELECT n, raw FROM {staging:Identifier}.bad WHERE field IN ('line', 'user_id')
