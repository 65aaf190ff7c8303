"""All tables of chat in one place, for Django and for the newcomer."""

from chat.conversations.models import Citation, Conversation, Feedback, Message

__all__ = ["Citation", "Conversation", "Feedback", "Message"]
