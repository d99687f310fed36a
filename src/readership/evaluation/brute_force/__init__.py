"""The same features a second time: plain Python over raw events, slow, easy to check, sharing no code with the SQL."""
