"""Pages and JSON of federated search: ask, watch the databases answer, cancel, try again, take entries into a topic."""

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from eln.accounts.models import User
from eln.accounts.selectors import reader
from ingest.errors import LodestoneError
from knowledge.federation.errors import FederationError
from knowledge.federation.models import FederatedSearch, Provider
from knowledge.federation.pulling import entries_pull
from knowledge.federation.selectors import crystals, search_list
from knowledge.federation.services import (
    abandoned_fail,
    provider_remove,
    provider_save,
    search_cancel,
    search_remove,
    search_retry,
    search_start,
)

SHOWN = 300


@never_cache
def searches(request: HttpRequest) -> HttpResponse:
    """The person's questions; on POST a new one."""
    user = reader(request)
    text, error = request.POST.get("filter", request.GET.get("filter", "")), None
    if request.method == "POST":
        try:
            made = search_start(owner=user, text=text, providers=request.POST.getlist("provider"))
        except LodestoneError as refusal:
            error = refusal
        else:
            return redirect("knowledge:federated-search", uid=made.pk)
    context = {
        "searches": search_list(user=user)[:50], "providers": Provider.objects.filter(enabled=True),
        "typed": text, "error": error,
    }  # fmt: skip
    return render(request, "knowledge/federation/list.html", context, status=400 if error else 200)


def _own(request: HttpRequest, uid: str) -> FederatedSearch:
    found = search_list(user=reader(request)).filter(pk=uid).first()
    if found is None:
        raise Http404
    abandoned_fail(found)
    return found


@require_GET
@never_cache
def search(request: HttpRequest, uid: str) -> HttpResponse:
    """One question: a row for each database, and what was found so far, merged."""
    found = _own(request, uid)
    parts = list(found.parts.select_related("provider"))
    merged = crystals(found)
    context = {
        "search": found, "parts": parts, "crystals": merged[:SHOWN], "count": len(merged), "shown": SHOWN,
        "active": found.ended is None, "answered": sum(not part.is_active for part in parts),
    }  # fmt: skip
    partial = request.headers.get("HX-Target") == "live"
    template = "knowledge/federation/search.html"
    return render(request, f"{template}#live" if partial else template, context)


@require_POST
def change(request: HttpRequest, uid: str, action: str) -> HttpResponse:
    """Cancel, try again, forget, or take entries into the topic."""
    found = _own(request, uid)
    match action:
        case "cancel":
            search_cancel(found)
        case "retry":
            search_retry(found, only=request.POST.get("provider", ""))
        case "remove":
            search_remove(found)
            return redirect("knowledge:federated")
        case "pull":
            _pull(request, found)
        case _:
            raise Http404
    return redirect("knowledge:federated-search", uid=uid)


def _pull(request: HttpRequest, found: FederatedSearch) -> None:
    chosen = [int(text) for text in request.POST.getlist("entry") if text.isdigit()]
    try:
        made = entries_pull(found, chosen)
    except FederationError as error:
        messages.error(request, error.message)
    else:
        messages.success(
            request, _("Taken into the topic Crystal structures: %(count)s records.") % {"count": len(made)}
        )


@never_cache
def databases(request: HttpRequest) -> HttpResponse:
    """The list of databases that may be asked; administrators change it."""
    user, error = reader(request), None
    if request.method == "POST":
        try:
            _database_change(request, user)
        except LodestoneError as refusal:
            error = refusal
        else:
            return redirect("knowledge:federated-databases")
    context = {"providers": Provider.objects.all(), "error": error, "typed": request.POST if error else {}}
    return render(request, "knowledge/federation/databases.html", context, status=error.status if error else 200)


def _database_change(request: HttpRequest, user: User) -> None:
    names = ("slug", "name", "base_url", "licence", "citation")
    said: dict[str, Any] = {name: request.POST.get(name, "") for name in names}  # texts
    if request.POST.get("remove"):
        provider_remove(user=user, slug=said["slug"])
    else:
        provider_save(user=user, **said)


def api_searches(request: HttpRequest) -> JsonResponse:
    """POST {"filter", "providers"?, "most"?}: a new question; GET: the person's own."""
    user = reader(request)
    if request.method != "POST":
        found = [
            {"id": one.pk, "filter": one.filter, "ended": one.ended is not None} for one in search_list(user=user)[:100]
        ]
        return JsonResponse({"items": found})
    try:
        said = json.loads(request.body)
    except ValueError as error:
        raise FederationError(_("The body is no JSON.")) from error
    plain = isinstance(said, dict) and isinstance(said.get("filter", ""), str) and isinstance(said.get("most", 1), int)
    if not plain or not isinstance(said.get("providers") or [], list):
        raise FederationError(_('Send {"filter": text, "providers": [short names], "most": number}.'))
    made = search_start(
        owner=user, text=said.get("filter", ""), providers=said.get("providers"), most=said.get("most", 100)
    )
    return JsonResponse(_document(made), status=201)


@require_GET
def api_search(request: HttpRequest, uid: str) -> JsonResponse:
    """One question with the state of each database and what was found so far."""
    return JsonResponse(_document(_own(request, uid)))


def _document(found: FederatedSearch) -> dict[str, Any]:
    parts = [
        {
            "database": part.provider.slug if part.provider else "here", "state": part.state, "reason": part.reason,
            "asked": part.asked, "stated": part.stated, "found": part.found, "doubtful": part.doubtful,
            "complaints": part.complaints, "tries": part.tries, "elapsed_ms": part.elapsed_ms,
        }
        for part in found.parts.select_related("provider")
    ]  # fmt: skip
    items = [
        {
            "formula": one.formula,
            "spacegroup_number": one.spacegroup,
            "entries": [
                {
                    "database": entry.part.provider.slug if entry.part.provider else "here", "id": entry.entry_id,
                    "immutable_id": entry.immutable_id or None, "record": entry.pulled or None,
                }
                for entry in one.entries
            ],
        }
        for one in crystals(found)
    ]  # fmt: skip
    return {
        "id": found.pk,
        "filter": found.filter,
        "ended": found.ended is not None,
        "databases": parts,
        "items": items,
    }
