"""The answer as server-sent events: the plan first, then sentence by sentence, then the whole message as stored."""

import json
import logging
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from chat.answering.services import question_answer, question_plan
from chat.answering.shown import plan_document
from chat.conversations.models import Conversation
from chat.conversations.selectors import memory_of
from chat.conversations.services import message_add
from chat.web.shown import pieces, plan_parts, search_url, shown
from eln.accounts.models import User
from eln.accounts.scope import Scope
from ingest.errors import LodestoneError

log = logging.getLogger(__name__)


def event(name: str, **data: object) -> bytes:
    """One server-sent event with JSON data."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def _render(template: str, language: str, context: dict[str, object]) -> str:
    with translation.override(language):
        return render_to_string(template, context)


async def answer_events(
    *, user: User, conversation: Conversation | None, question: str, language: str, csrf: str
) -> AsyncIterator[bytes]:
    """Events `plan`, `sentence` (each {html}), `done` ({html, conversation, url, title}) or `error` ({message})."""
    run = sync_to_async
    try:
        memory = await run(memory_of)(conversation)
        plan = await run(question_plan)(question, memory=memory)
        document = await run(plan_document)(plan)
        context: dict[str, object] = {"parts": plan_parts(document), "search": search_url(document["search"])}
        yield event("plan", html=await run(_render)("chat/message.html#plan", language, context))
        scope = await run(Scope.of)(user)
        answer = await run(question_answer)(question, scope=scope, memory=memory, plan=plan)
        for sentence in answer.sentences:
            yield event(
                "sentence",
                html=await run(_render)(
                    "chat/message.html#sentence", language, {"pieces": pieces(sentence), "live": True}
                ),
            )
        message = await run(message_add)(owner=user, conversation=conversation, answer=answer)
        found = await run(shown)(message)
        html = await run(_render)("chat/message.html", language, {"shown": found, "csrf_token": csrf})
        url = reverse("chat:conversation", args=[message.conversation_id])
        yield event("done", html=html, conversation=message.conversation_id, url=url, title=message.question[:120])
    except LodestoneError as error:
        yield event("error", message=error.message)
    except Exception:  # the page waits for an end: a stream that only breaks off would look like a lost connection
        log.exception("the answer to a question of %s characters", len(question))
        with translation.override(language):
            yield event("error", message=_("The answer failed; the question was not stored. The log has the reason."))
