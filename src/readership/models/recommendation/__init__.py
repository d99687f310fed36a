"""What to read next: candidate sources, the ranker over them, slates and the rules of the editors."""
