-- Where that file lies.
-- grain: one row
SELECT data_paths[1] FROM system.tables WHERE database = {staging:String} AND name = 'lines_file'
