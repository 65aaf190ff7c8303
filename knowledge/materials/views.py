"""Pages of knowledge: search, topic, material, record; and the JSON that draws their graph and diffraction pattern."""

import re
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from eln.accounts.models import User
from eln.accounts.scope import Scope
from knowledge.errors import KnowledgeError
from knowledge.formula import NotAFormula, parse_formula
from knowledge.graph.selectors import neighbourhood
from knowledge.materials import pages
from knowledge.materials.compare import compare_page, compare_params
from knowledge.materials.conditions import conditions
from knowledge.materials.form import from_form, state_of
from knowledge.materials.material import material as material_page
from knowledge.materials.plots import csv_lines
from knowledge.materials.results import results
from knowledge.materials.selectors import saved_searches
from knowledge.materials.services import search_drop, search_keep
from knowledge.materials.structure import peaks_document
from knowledge.records.selectors import record_get
from knowledge.topics.schema import topics


def user_of(request: HttpRequest) -> User:
    """The person who asks; pages are behind the log-in."""
    return cast(User, request.user)


def scope_of(request: HttpRequest) -> Scope:
    """The rights of the person who asks."""
    return Scope.of(user_of(request))


def search(request: HttpRequest) -> HttpResponseBase:
    """The search page; its body alone when htmx asks for it. A form's address becomes the search's own."""
    context: dict[str, Any] = {"error": None}
    address = request.GET.urlencode()
    try:
        state = state_of(request.GET)
        address = state.address(trail=state.trail, page=state.page)
        if request.GET.get("show") == "compare":
            return _sent(request, f"{reverse('knowledge:compare')}?{compare_params(state)}")
        if from_form(request.GET) and not _partial(request):
            return redirect(f"{reverse('knowledge:search')}?{address}")
        context |= results(state, scope_of(request)) | {"saved": saved_searches(user_of(request), scope_of(request))}
    except KnowledgeError as error:
        context |= {"error": error, "params": request.GET}
    template = "knowledge/search.html#results" if _partial(request) else "knowledge/search.html"
    response = render(request, template, context, status=400 if context["error"] else 200)
    if _partial(request):
        response["HX-Push-Url"] = f"{reverse('knowledge:search')}?{address}"
    return response


def _partial(request: HttpRequest) -> bool:
    return request.headers.get("HX-Target") == "search-body"


def _sent(request: HttpRequest, address: str) -> HttpResponse:
    """On to another page, also where htmx asked."""
    if not _partial(request):
        return redirect(address)
    response = HttpResponse()
    response["HX-Redirect"] = address
    return response


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
    number = request.GET.get("spacegroup", "")
    context = material_page(
        reduced,
        scope_of(request),
        predicted=request.GET.get("predicted") == "1",
        spacegroup=int(number) if re.fullmatch(r"[1-9]\d{0,2}", number) else None,
    )
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


def compare(request: HttpRequest) -> HttpResponse:
    """Picked records and materials side by side."""
    context = compare_page(
        request.GET.getlist("with"),
        request.GET.get("back", ""),
        scope=scope_of(request),
        only_differences=request.GET.get("differences") == "1",
    )
    return render(request, "knowledge/compare.html", context)


@require_POST
def search_save(request: HttpRequest) -> HttpResponse:
    """Keep a search under a name, for oneself or for a project."""
    saved = search_keep(
        user=user_of(request),
        scope=scope_of(request),
        name=request.POST.get("name", ""),
        address=request.POST.get("address", ""),
        project=request.POST.get("project", ""),
    )
    messages.success(request, _("The search is saved as %(name)s.") % {"name": saved.name})
    return redirect(f"{reverse('knowledge:search')}?{saved.address}")


@require_POST
def search_forget(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a saved search away."""
    search_drop(user=user_of(request), scope=scope_of(request), pk=pk)
    return redirect(f"{reverse('knowledge:search')}?{request.POST.get('address', '')}")


def plot_csv(request: HttpRequest) -> HttpResponseBase:
    """What the plot of a search shows, as CSV."""
    state = state_of(request.GET)
    lines = csv_lines(state, conditions(state), scope_of(request))
    response = HttpResponse("".join(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="plot.csv"'
    return response
