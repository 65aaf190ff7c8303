"""Marks texts for translation where Django must not be imported: job processes read parameters too."""


def marked(text: str) -> str:
    """The text itself; imported as `_`, so that the catalogues hold it and the form translates it."""
    return text
