"""Pages of webhooks: subscribe, see the log, test, send again, pause, end."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from eln.accounts.models import User
from eln.accounts.selectors import reader
from knowledge.errors import KnowledgeError
from knowledge.topics.schema import topics
from knowledge.webhooks.models import Delivery, Event, Webhook
from knowledge.webhooks.selectors import delivery_list, webhook_list
from knowledge.webhooks.sending import FAILED_LONG, SAID_GONE, TOO_FAR_BEHIND, webhook_ping
from knowledge.webhooks.services import (
    delivery_again,
    webhook_change,
    webhook_create,
    webhook_end,
    webhook_secret_renew,
)


def _list(request: HttpRequest, user: User, *, status: int = 200, **more: object) -> HttpResponse:
    context = {"webhooks": webhook_list(user=user), **_form(request, None), **more}
    return render(request, "knowledge/webhooks/list.html", context, status=status)


def _form(request: HttpRequest, webhook: Webhook | None) -> dict[str, Any]:  # Any: of a template
    typed: Any = request.POST if "name" in request.POST else webhook or {}
    chosen = request.POST.getlist("event") if "name" in request.POST else webhook.events if webhook else Event.values
    labels = [(schema.id, schema.label.get(request.LANGUAGE_CODE[:2], schema.id)) for schema in topics().values()]
    return {"typed": typed, "chosen": chosen, "events": Event.choices, "topics": labels}


def _typed(request: HttpRequest) -> dict[str, Any]:
    said = {name: request.POST.get(name, "") for name in ("name", "url", "topic", "filter")}
    return {**said, "events": request.POST.getlist("event")}


@never_cache
def webhooks(request: HttpRequest) -> HttpResponse:
    """The person's webhooks; a new one on POST, whose secret this answer alone shows."""
    user = reader(request)
    if request.method != "POST":
        return _list(request, user)
    said = _typed(request)
    said["filter_text"] = said.pop("filter")
    try:
        made = webhook_create(owner=user, **said)
    except KnowledgeError as error:
        return _list(request, user, status=400, error=error)
    return _page(request, made, secret=made.secret)


def _own(request: HttpRequest, uid: str) -> Webhook:
    found = webhook_list(user=reader(request)).filter(pk=uid).first()
    if found is None:
        raise Http404
    return found


def reason_told(webhook: Webhook) -> str:
    """Why it is paused, in the reader's language."""
    start = FAILED_LONG.partition("%")[0]
    if webhook.disabled_reason.startswith(start):
        return _(FAILED_LONG) % {"reason": webhook.disabled_reason.removeprefix(start)}
    return (
        _(webhook.disabled_reason)
        if webhook.disabled_reason in (SAID_GONE, TOO_FAR_BEHIND)
        else webhook.disabled_reason
    )


def _page(request: HttpRequest, webhook: Webhook, *, status: int = 200, **more: object) -> HttpResponse:
    context = {
        "webhook": webhook,
        "reason": reason_told(webhook),
        "deliveries": delivery_list(webhook=webhook)[:100],
        "waiting": webhook.deliveries.filter(state=Delivery.State.WAITING).count(),
        **_form(request, webhook),
        **more,
    }
    return render(request, "knowledge/webhooks/webhook.html", context, status=status)


@never_cache
def webhook(request: HttpRequest, uid: str) -> HttpResponse:
    """One webhook with its log; changed on POST."""
    found = _own(request, uid)
    if request.method != "POST":
        return _page(request, found)
    try:
        webhook_change(webhook=found, changes=_typed(request))
    except KnowledgeError as error:
        return _page(request, found, status=400, error=error)
    messages.success(request, _("Saved."))
    return redirect("knowledge:webhook", uid=uid)


@never_cache
@require_POST
def change(request: HttpRequest, uid: str, action: str) -> HttpResponse:
    """Test it, pause it, make it active again, renew its secret, or end it."""
    found = _own(request, uid)
    match action:
        case "ping":
            sent = webhook_ping(webhook=found)
            if sent.state == Delivery.State.DELIVERED:
                messages.success(request, _("The address answered with %(status)s.") % {"status": sent.status})
            else:
                messages.error(request, _("The test failed: %(reason)s") % {"reason": sent.reason})
        case "pause" | "resume":
            webhook_change(webhook=found, changes={"active": action == "resume"})
        case "secret":
            return _page(request, found, secret=webhook_secret_renew(webhook=found))
        case "end":
            webhook_end(webhook=found)
            messages.success(request, _("The webhook is removed."))
            return redirect("knowledge:webhooks")
        case _:
            raise Http404
    return redirect("knowledge:webhook", uid=uid)


@require_POST
def again(request: HttpRequest, uid: str, delivery: str) -> HttpResponse:
    """Send one delivery of the log once more."""
    found = delivery_list(webhook=_own(request, uid)).filter(pk=delivery).first()
    if found is None:
        raise Http404
    delivery_again(delivery=found)
    return redirect("knowledge:webhook", uid=uid)
