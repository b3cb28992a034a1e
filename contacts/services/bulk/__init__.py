"""Changes of many at once: ordered from a list, carried out in the background, undone."""
