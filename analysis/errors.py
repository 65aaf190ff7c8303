"""Errors of analysis."""

from ingest.errors import LodestoneError


class AnalysisError(LodestoneError):
    """Root of what analysis raises."""

    code = "analysis_error"
