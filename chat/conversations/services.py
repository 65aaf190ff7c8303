"""Writes of conversations."""

from django.db import transaction

from chat.answering.domain import Answer
from chat.conversations.models import Citation, Conversation, Feedback, Message
from eln.accounts.models import User


@transaction.atomic
def message_add(*, owner: User, conversation: Conversation | None, answer: Answer) -> Message:
    """Store a question with its answer and citations; without a conversation one is begun."""
    if conversation is None:
        conversation = Conversation.objects.create(owner=owner, title=" ".join(answer.question.split())[:120])
    else:
        conversation.save(update_fields=["updated"])
    table = (
        {"columns": list(answer.table.columns), "rows": [list(row) for row in answer.table.rows[:500]]}
        if answer.table
        else None
    )
    document = answer.document() | {"items": list(answer.items[:500])}
    message = Message.objects.create(
        conversation=conversation, question=answer.question, status=answer.status, language=answer.plan.language,
        sentences=list(answer.sentences), document=document, table=table,
    )  # fmt: skip
    Citation.objects.bulk_create(
        Citation(
            message=message, number=one.number, record=one.record, version=one.version, source=one.source, title=one.title[:200],
            locator=one.locator, file_name=one.file_name, formula=one.formula, external_id=one.external_id, kind=one.kind,
        )
        for one in answer.citations
    )  # fmt: skip
    return message


def conversation_delete(*, conversation: Conversation) -> None:
    """Delete a conversation with all its messages."""
    conversation.delete()


def feedback_set(*, message: Message, helpful: bool) -> Feedback:
    """Say whether an answer helped; a second vote replaces the first."""
    feedback, _ = Feedback.objects.update_or_create(message=message, defaults={"helpful": helpful})
    return feedback
