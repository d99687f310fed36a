-- Every value is needed for nearly every row: working out which rows need one costs more than the value.
-- Blocks stay small enough to be shared between threads afterwards.
SETTINGS short_circuit_function_evaluation = 'disable',
    min_insert_block_size_rows = 65536, min_insert_block_size_bytes = 33554432
