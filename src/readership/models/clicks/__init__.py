"""Models of a click: what an item is worth to a reader, plus where it stood, added and never mixed."""
