-- Every value is needed for nearly every row: working out which rows need one costs more than the value.
SETTINGS short_circuit_function_evaluation = 'disable'
