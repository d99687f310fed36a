"""Is it still true? What arrives, what the models see and say, and what came of it, each beside what is usual."""
