"""What was known of an article (or an advertisement) and of a reader when the one was shown to the other."""
