"""What the numbered scripts share."""
