"""The chat page: conversations, question box, streamed answers."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from chat.answering.services import MOST_CHARACTERS, question_answer, question_check
from chat.conversations.models import Conversation
from chat.conversations.selectors import conversation_get, conversation_list, memory_of, message_get, message_list
from chat.conversations.services import conversation_delete, feedback_set, message_add
from chat.errors import QuestionRefused
from chat.web.examples import examples
from chat.web.shown import shown
from chat.web.stream import answer_events
from eln.accounts.scope import Scope
from eln.accounts.selectors import reader


def page(request: HttpRequest, conversation: int | None = None) -> HttpResponse:
    """A conversation, or the page where a new one begins."""
    scope = Scope.of(reader(request))
    current = conversation_get(scope=scope, conversation=conversation) if conversation else None
    return _page(request, scope, current)


def _page(
    request: HttpRequest, scope: Scope, current: Conversation | None, error: str = "", question: str = ""
) -> HttpResponse:
    chinese = (get_language() or "").startswith("zh")
    messages = [shown(message) for message in message_list(conversation=current)] if current else []
    suggested = examples(scope=scope) if not messages else []
    ordered = [(one.zh, one.en) if chinese else (one.en, one.zh) for one in suggested]
    context = {
        "conversations": conversation_list(scope=scope)[:60], "current": current, "messages": messages, "examples": ordered, "error": error,
        "question": question or request.GET.get("question", "")[:MOST_CHARACTERS], "most": MOST_CHARACTERS,
    }  # fmt: skip
    return render(request, "chat/page.html", context, status=400 if error else 200)


@require_POST
def ask(request: HttpRequest) -> HttpResponseBase:
    """Answer a question: as a stream of events where the page asks for one, else as a page."""
    user = reader(request)
    scope = Scope.of(user)
    number = request.POST.get("conversation", "")
    current = (
        conversation_get(scope=scope, conversation=int(number)) if number.isdecimal() and len(number) < 19 else None
    )
    question = request.POST.get("question", "")
    if "text/event-stream" in request.headers.get("Accept", ""):
        language = get_language() or "en"
        events = answer_events(
            user=user, conversation=current, question=question, language=language, csrf=get_token(request)
        )
        response = StreamingHttpResponse(events, content_type="text/event-stream")
        response["Cache-Control"] = "no-cache"
        response["X-Accel-Buffering"] = "no"
        return response
    try:
        answer = question_answer(question_check(question), scope=scope, memory=memory_of(current))
    except QuestionRefused as error:
        return _page(request, scope, current, error.message, question[:MOST_CHARACTERS])
    message = message_add(owner=user, conversation=current, answer=answer)
    return redirect(f"{reverse('chat:conversation', args=[message.conversation_id])}#m{message.pk}")


@require_POST
def delete(request: HttpRequest, conversation: int) -> HttpResponse:
    """Delete a conversation."""
    found = conversation_get(scope=Scope.of(reader(request)), conversation=conversation)
    conversation_delete(conversation=found)
    return redirect("chat:home")


@require_POST
def feedback(request: HttpRequest, message: int) -> HttpResponse:
    """Say whether an answer helped."""
    found = message_get(scope=Scope.of(reader(request)), message=message)
    feedback_set(message=found, helpful=request.POST.get("helpful") == "yes")
    found.refresh_from_db()
    if request.headers.get("HX-Request"):
        return render(request, "chat/message.html#feedback", {"message": found})
    return redirect(f"{reverse('chat:conversation', args=[found.conversation_id])}#m{found.pk}")
