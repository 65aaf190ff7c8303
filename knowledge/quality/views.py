"""The steward's page: what the checks found, filterable, paged, as CSV; and the button that has them made."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from eln.accounts.scope import Scope
from eln.accounts.selectors import reader
from knowledge.materials.presentation import property_label, topic_label
from knowledge.quality import selectors
from knowledge.quality.models import Finding, QualityRun
from knowledge.quality.runner import GONE
from knowledge.quality.services import run_ask, run_cancel
from knowledge.quality.wording import reason
from knowledge.records.models import Dataset
from knowledge.topics.schema import topics

PAGE = 50
CHOICES = ("kind", "topic", "dataset", "property", "formula")


def _chosen(request: HttpRequest) -> dict[str, str]:
    return {name: value for name in CHOICES if (value := request.GET.get(name, "").strip()[:400])}


def quality(request: HttpRequest) -> HttpResponse:
    """What the last checks found, by kind, topic, data set and property."""
    scope, chosen = Scope.of(reader(request)), _chosen(request)
    topic = chosen.get("topic", "")
    run = selectors.run_last(topic=topic)
    page = Paginator(selectors.findings(scope=scope, **chosen), PAGE).get_page(request.GET.get("page"))
    titles = dict(Dataset.objects.filter(scope.q()).values_list("slug", "title"))
    failed = selectors.run_failed()
    context: dict[str, Any] = {
        "run": run, "active": list(selectors.runs_active()), "page": page, "chosen": chosen, "topic": topic,
        "failed": failed, "failed_reason": (_(GONE) if failed.reason == GONE else failed.reason) if failed else "",
        "lines": [(one, reason(one), property_label(one.topic, one.property) if one.property else "") for one in page],
        "kinds": _kinds(scope, chosen), "titles": titles, "address": urlencode(chosen),
        "topics": [(name, topic_label(name)) for name in topics()],
        "datasets": [(slug, titles.get(slug, slug)) for slug in selectors.values_of("dataset", scope=scope, **chosen)],
        "properties": [(name, property_label(topic or None, name)) for name in selectors.values_of("property", scope=scope, **chosen)],
        "coverage": selectors.coverage(run, scope=scope, topic=topic, dataset=chosen.get("dataset", "")) if run else [],
        "compared": selectors.compared(run, topic=topic) if run and scope.everything else [],
    }  # fmt: skip
    partial = request.headers.get("HX-Target") == "live"
    return render(request, "knowledge/quality.html#live" if partial else "knowledge/quality.html", context)


def _kinds(scope: Scope, chosen: dict[str, str]) -> list[dict[str, Any]]:
    counts = selectors.counts(scope=scope, **chosen)
    others = {name: value for name, value in chosen.items() if name != "kind"}
    tabs = [
        {"label": _("All"), "count": sum(counts.values()), "address": urlencode(others), "now": "kind" not in chosen}
    ]
    for kind in Finding.Kind:
        if counts.get(kind.value) or chosen.get("kind") == kind.value:
            address = urlencode({**others, "kind": kind.value})
            tabs.append(
                {
                    "label": kind.label,
                    "count": counts.get(kind.value, 0),
                    "address": address,
                    "now": chosen.get("kind") == kind.value,
                }
            )
    return tabs


COLUMNS = ("kind", "topic", "dataset", "property", "formula", "spacegroup_number", "record", "value", "unit", "other_dataset",
           "other_record", "other_value", "reason")  # fmt: skip


class _Line:
    """A file that a csv.writer writes to and that gives each line at once."""

    def __init__(self) -> None:
        self.text = StringIO()

    def write(self, row: list[str]) -> str:
        """The row as a line of CSV; texts that a spreadsheet would run stand behind an apostrophe."""
        self.text.seek(0)
        self.text.truncate()
        csv.writer(self.text).writerow([f"'{cell}" if cell[:1] in "=+@" else cell for cell in row])
        return self.text.getvalue()


def quality_csv(request: HttpRequest) -> HttpResponseBase:
    """The findings under the same choices as CSV, all pages."""
    found = selectors.findings(scope=Scope.of(reader(request)), **_chosen(request))
    line = _Line()

    def lines() -> Iterator[str]:
        yield "\ufeff" + line.write(list(COLUMNS))
        for one in found.iterator(chunk_size=1000):
            cells = [getattr(one, name) for name in COLUMNS[:-1]]
            yield line.write(["" if cell is None else str(cell) for cell in (*cells, reason(one))])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="quality.csv"'
    return response


@require_POST
def quality_run(request: HttpRequest) -> HttpResponse:
    """Have the checks made over a topic, or over everything."""
    topic = request.POST.get("topic", "")
    run_ask(topic=topic if topic in topics() else "", asked_by=reader(request))
    return redirect(reverse("knowledge:quality") + (f"?{urlencode({'topic': topic})}" if topic in topics() else ""))


@require_POST
def quality_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """End a run: the person who asked for it, or an administrator."""
    user = reader(request)
    run = get_object_or_404(QualityRun, pk=pk)
    if not user.is_superuser and run.asked_by_id not in (user.pk, None):
        raise Http404
    run_cancel(run=run)
    return redirect("knowledge:quality")
