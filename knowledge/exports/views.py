"""Pages of exports: ask for one beside a result list, see how far it is, fetch the file with its manifest."""

from collections.abc import Callable
from dataclasses import replace

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from eln.accounts.scope import Scope
from eln.accounts.selectors import reader
from knowledge.errors import QueryError
from knowledge.exports.download import file_answer
from knowledge.exports.errors import ExportState
from knowledge.exports.models import Export, Format
from knowledge.exports.runner import GONE
from knowledge.exports.selectors import export_file, export_list, export_manifest
from knowledge.exports.services import export_cancel, export_create, export_remove, export_retry
from knowledge.query.codec import from_json
from knowledge.query.executor import run
from knowledge.query.filters import filter_text
from knowledge.query.types import Query
from knowledge.query.urls import query_from_params, query_to_params


def exports(request: HttpRequest) -> HttpResponse:
    """The person's exports; on POST a new one of `query`, which is a search address."""
    user = reader(request)
    scope = Scope.of(user)
    if request.method != "POST":
        found = export_list(user=user)[:100]
        return render(
            request, "knowledge/exports/list.html", {"exports": found, "active": any(x.is_active for x in found)}
        )
    query = query_from_params(QueryDict(request.POST.get("query", "")))
    export = export_create(
        owner=user,
        scope=scope,
        query=query,
        kind=request.POST.get("format", ""),
        options={name: request.POST.get(name, "") for name in ("units", "layout")},
        title=query_words(query),
        site=request.build_absolute_uri("/"),
    )
    return redirect("knowledge:export", uid=export.pk)


def query_words(query: Query) -> str:
    """A query in a line, for lists."""
    words = filter_text(query.where) if query.where is not None else ""
    return " · ".join(part for part in (query.topic, words) if part)[:200]


def _own(request: HttpRequest, uid: str) -> tuple[Export, Scope]:
    user = reader(request)
    scope = Scope.of(user)
    found = export_list(user=user).filter(pk=uid).first()
    if found is None:
        raise Http404
    return found, scope


@require_GET
def export(request: HttpRequest, uid: str) -> HttpResponse:
    """One export: how far it is, what it holds, and the file when it is done."""
    found, scope = _own(request, uid)
    context = {"export": found, "reason": _(GONE) if found.reason == GONE else found.reason}
    if found.state == Export.State.DONE:
        try:
            context["manifest"] = export_manifest(found, scope=scope)
        except ExportState as error:
            context["reason"] = error.message
    try:
        context["search"] = query_to_params(from_json(found.query))
    except QueryError:
        context["search"] = ""  # its words are gone from the topics since
    template = "knowledge/exports/export.html"
    partial = request.headers.get("HX-Target") == "live"
    return render(request, f"{template}#live" if partial else template, context)


@require_GET
def download(request: HttpRequest, uid: str) -> HttpResponseBase:
    """The file; Range resumes it."""
    found, scope = _own(request, uid)
    return file_answer(request, export_file(found, scope=scope), sha256=found.sha256)


@require_GET
def manifest(request: HttpRequest, uid: str) -> HttpResponse:
    """What the file holds and how to cite it."""
    found, scope = _own(request, uid)
    document = export_manifest(found, scope=scope)
    return JsonResponse(document, json_dumps_params={"ensure_ascii": False, "indent": 1})


CHANGES: dict[str, Callable[..., None]] = {"cancel": export_cancel, "retry": export_retry, "remove": export_remove}


@require_POST
def change(request: HttpRequest, uid: str, action: str) -> HttpResponse:
    """Cancel it, try again, or remove it."""
    found, _scope = _own(request, uid)
    if action not in CHANGES:
        raise Http404
    CHANGES[action](export=found)
    if action == "remove":
        messages.success(request, _("The export is removed."))
        return redirect("knowledge:exports")
    return redirect("knowledge:export", uid=uid)


@require_GET
def new(request: HttpRequest) -> HttpResponse:
    """Choose what file is made of the search in the address."""
    query = query_from_params(request.GET)
    counted = run(replace(query, limit=0, facets=(), histograms=(), aggregate=None), scope=Scope.of(reader(request)))
    context = {
        "query": query_to_params(query),
        "words": query_words(query),
        "count": counted.count,
        "formats": Format.choices,
    }
    return render(request, "knowledge/exports/new.html", context)


def export_panel(request: HttpRequest, subject: object) -> str:
    """The button beside a result list (slot knowledge.results; subject: the Query). A link: the list may stand in a form."""
    if not isinstance(subject, Query):
        return ""
    return render_to_string("knowledge/exports/button.html", {"query": query_to_params(subject)}, request)
