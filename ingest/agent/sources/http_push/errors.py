"""What stops a push."""


class Full(Exception):
    """The spool takes nothing now; the message says why."""
