"""Pages of knowledge: search, topic, material, record; and the JSON that draws their graph and diffraction pattern."""

from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render

from eln.accounts.models import User
from eln.accounts.scope import Scope
from knowledge.errors import KnowledgeError
from knowledge.formula import NotAFormula, parse_formula
from knowledge.graph.selectors import neighbourhood
from knowledge.materials import pages
from knowledge.materials.search import MODES, SearchState
from knowledge.materials.structure import peaks_document
from knowledge.query.executor import run
from knowledge.records.selectors import record_get
from knowledge.topics.schema import topics


def scope_of(request: HttpRequest) -> Scope:
    """The rights of the person who asks; pages are behind the log-in."""
    return Scope.of(cast(User, request.user))


def search(request: HttpRequest) -> HttpResponse:
    """The search page; its results alone when htmx asks for them."""
    partial = request.headers.get("HX-Target") == "results"
    template = "knowledge/search.html#results" if partial else "knowledge/search.html"
    context: dict[str, Any] = {"modes": MODES, "topics": pages.topic_tabs(), "error": None}
    try:
        state = SearchState.of(request.GET)
        context |= {"state": state}
        query = state.query()
        evidence = run(query, scope=scope_of(request))
        context |= pages.results(state, evidence, scope_of(request))
    except KnowledgeError as error:
        context |= {"error": error, "params": request.GET}
    return render(request, template, context, status=400 if context["error"] else 200)


def topic(request: HttpRequest, topic: str) -> HttpResponse:
    """What a topic holds, what it cannot say, and where it comes from."""
    schema = topics().get(topic)
    if schema is None:
        raise Http404(topic)
    return render(request, "knowledge/topic.html", pages.topic(schema, scope_of(request)))


def material(request: HttpRequest, formula: str) -> HttpResponseBase:
    """All that the records say about one material, every source side by side."""
    try:
        reduced = parse_formula(formula).reduced
    except NotAFormula as error:
        raise Http404(str(error)) from error
    if reduced != formula:
        return redirect("knowledge:material", formula=reduced)
    context = pages.material(reduced, scope_of(request), predicted=request.GET.get("predicted") == "1")
    return render(request, "knowledge/material.html", context, status=200 if context["records"] else 404)


def graph(request: HttpRequest, formula: str) -> HttpResponse:
    """The graph around a material, for <lab-graph>."""
    found = neighbourhood(formula=formula, scope=scope_of(request))
    return JsonResponse(pages.graph_document(found))


def record(request: HttpRequest, pk: str) -> HttpResponse:
    """Every field of one record, where it was read from, and what it said before."""
    found = record_get(scope=scope_of(request), record_id=pk)
    if found is None:
        raise Http404(pk)
    return render(request, "knowledge/record.html", pages.record(found))


def peaks(request: HttpRequest, pk: str) -> HttpResponse:
    """The diffraction peaks that a record states, for <lab-plot>."""
    found = record_get(scope=scope_of(request), record_id=pk)
    document = peaks_document(found) if found else None
    if document is None:
        raise Http404(pk)
    return JsonResponse(document)
