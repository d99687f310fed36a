"""Which advertisement to show in a place: what may be shown, what it is worth, how fast budgets are spent."""
