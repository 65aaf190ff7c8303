"""Errors of chat.

ChatError
├── QuestionRefused     empty, or too long to be a question (HTTP 400, exit 2)
├── ModelUnavailable    the language model asked for is not configured (exit 2)
└── NoConversation      not there, or somebody else's (HTTP 404)
"""

from ingest.errors import LodestoneError


class ChatError(LodestoneError):
    """Root of what chat raises."""

    code = "chat_error"


class QuestionRefused(ChatError):
    """The text is no question that can be read."""

    code = "question_refused"


class ModelUnavailable(ChatError):
    """A language model was asked for that is not configured."""

    code = "model_unavailable"


class NoConversation(ChatError):
    """There is no such conversation of this person."""

    code = "no_conversation"
    status = 404
