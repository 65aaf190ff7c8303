"""Errors of eln."""

from ingest.errors import LodestoneError


class ElnError(LodestoneError):
    """Root of what eln raises."""

    code = "eln_error"
