"""Errors of knowledge."""

from ingest.errors import LodestoneError


class KnowledgeError(LodestoneError):
    """Root of what knowledge raises."""

    code = "knowledge_error"
