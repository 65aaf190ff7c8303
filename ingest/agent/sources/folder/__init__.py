"""A watched folder: growing logs line by line, finished files whole."""
