"""Did it help? Experiments as data: who gets which variant, how many readers it takes, and what came of it."""
