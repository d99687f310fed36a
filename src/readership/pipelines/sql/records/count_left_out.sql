-- How many rows of the load are about something else, by the column without which a row does not count.
-- grain: one row
SELECT countIf({only_with:String} != '' AND problem = '' AND columns[{only_with:String}] = '')
FROM {staging:Identifier}.sources
