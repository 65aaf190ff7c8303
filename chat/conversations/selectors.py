"""Reads of conversations: only their owner's."""

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from chat.conversations.models import Conversation, Message
from chat.errors import NoConversation
from chat.planner.domain import Language, Material, Memory, Plan
from eln.accounts.scope import Scope


def conversation_list(*, scope: Scope) -> QuerySet[Conversation]:
    """The reader's own conversations, the latest first."""
    return Conversation.objects.filter(owner_id=scope.user_id) if scope.user_id else Conversation.objects.none()


def conversation_get(*, scope: Scope, conversation: int) -> Conversation:
    """One of the reader's own conversations. Raises NoConversation."""
    found = conversation_list(scope=scope).filter(pk=conversation).first()
    if found is None:
        raise NoConversation(_("There is no such conversation, or it is not yours."))
    return found


def message_list(*, conversation: Conversation) -> QuerySet[Message]:
    """The messages in order, with what their page shows."""
    return conversation.messages.prefetch_related("citations").select_related("feedback")


def message_get(*, scope: Scope, message: int) -> Message:
    """One message of the reader's own conversations. Raises NoConversation."""
    owned = Message.objects.filter(conversation__owner_id=scope.user_id) if scope.user_id else Message.objects.none()
    found = owned.prefetch_related("citations").select_related("feedback").filter(pk=message).first()
    if found is None:
        raise NoConversation(_("There is no such conversation, or it is not yours."))
    return found


def memory_of(conversation: Conversation | None) -> Memory:
    """What the next question may refer to: the material of the last message that named one, and what was asked of it."""
    if conversation is None:
        return Memory()
    for message in conversation.messages.order_by("-pk")[:6]:
        memory = memory_from(message.document)
        if memory.materials:
            return memory
    return Memory()


def memory_from(document: dict[str, object]) -> Memory:
    """The memory that one answer leaves."""
    shown = document.get("plan")
    if not isinstance(shown, dict):
        return Memory()
    materials = tuple(
        Material(one.get("formula") or "", one.get("id") or "", one.get("spacegroup_number"))
        for one in shown.get("materials", [])
    )
    items = document.get("items")
    if not materials and isinstance(items, list) and len(items) == 1:
        materials = (Material(str(items[0])),)
    language: Language = "zh" if shown.get("language") == "zh" else "en"
    return Memory(materials, Plan("lookup", language, asked=tuple(shown.get("properties", []))))
