"""What can be wrong with a message."""


class Garbled(ValueError):
    """A message, or one value in it, is not what was expected; the text says where."""
