"""Pages of samples."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from eln.accounts.models import Project
from eln.accounts.scope import Scope
from eln.accounts.selectors import project_chosen, projects_writable, reader
from eln.entries.selectors import entry_list
from eln.samples.selectors import sample_list
from eln.samples.services import sample_create


def samples(request: HttpRequest) -> HttpResponse:
    """Samples with search; a new one on POST."""
    scope = Scope.of(reader(request))
    if request.method == "POST":
        chosen: Project | None = project_chosen(scope=scope, slug=request.POST.get("project", ""))
        made = sample_create(
            scope=scope,
            name=request.POST.get("name", ""),
            project=chosen,
            formula=request.POST.get("formula", ""),
            description=request.POST.get("description", ""),
        )
        return redirect("eln:sample", pk=made.pk)
    text = request.GET.get("text", "")
    page = Paginator(sample_list(scope=scope, text=text), 50).get_page(request.GET.get("page"))
    context = {"page": page, "text": text, "projects": projects_writable(scope=scope)}
    return render(request, "eln/samples.html", context)


def sample(request: HttpRequest, pk: int) -> HttpResponse:
    """One sample and its entries."""
    scope = Scope.of(reader(request))
    found = get_object_or_404(sample_list(scope=scope), pk=pk)
    entries = entry_list(scope=scope, sample=found)[:200]
    return render(request, "eln/sample.html", {"sample": found, "entries": entries})
