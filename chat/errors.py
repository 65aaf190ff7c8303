"""Errors of chat."""

from ingest.errors import LodestoneError


class ChatError(LodestoneError):
    """Root of what chat raises."""

    code = "chat_error"
