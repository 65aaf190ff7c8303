"""Pages of imports: hand tables over, see what they are taken for, put it right, import, take back."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from eln.accounts.models import Project, User
from eln.accounts.scope import Scope
from eln.accounts.selectors import reader
from knowledge.records.models import Kind
from knowledge.wizard import page
from knowledge.wizard.models import TableImport
from knowledge.wizard.runner import GONE, MEMORY, WALL
from knowledge.wizard.services import (
    TEXTS,
    ImportRefused,
    import_cancel,
    import_decide,
    import_open,
    import_remove,
    import_retry,
    import_take_back,
)

KINDS = (Kind.LITERATURE, Kind.COMPUTATION, Kind.MEASUREMENT)


def _projects(user: User) -> list[Project]:
    scope = Scope.of(user)
    return [one for one in Project.objects.order_by("title") if scope.may_write(one.pk)]


def _own(request: HttpRequest, uid: str) -> tuple[User, TableImport]:
    user = reader(request)
    return user, get_object_or_404(TableImport.objects.select_related("project"), pk=uid, owner=user)


def imports(request: HttpRequest) -> HttpResponse:
    """The person's imports; on POST the files handed over are read."""
    user = reader(request)
    status, fault = 200, ""
    if request.method == "POST":
        try:
            made = import_open(owner=user, files=request.FILES.getlist("files"))
            return redirect("knowledge:import", uid=made.pk)
        except ImportRefused as error:
            status, fault = 400, error.message
    found = TableImport.objects.filter(owner=user)[:100]
    return render(request, "knowledge/wizard/list.html", {"imports": found, "fault": fault}, status=status)


def one(request: HttpRequest, uid: str) -> HttpResponse:
    """One import: how far it is, what was understood and decided, what came of it. POST `action` again or import."""
    user, made = _own(request, uid)
    if request.method == "POST":
        return _decide(request, user, made)
    template = "knowledge/wizard/import.html"
    partial = request.headers.get("HX-Target") == "live"
    return render(request, f"{template}#live" if partial else template, _context(user, made))


def _context(user: User, made: TableImport, fault: str = "") -> dict[str, Any]:
    about = {"title": "", "licence": "", "citation": "", "url": "", "kind": Kind.LITERATURE} | made.about
    known = {GONE, MEMORY, WALL}
    return {
        "made": made, "tables": page.tables(made), "topics": page.topic_choices(), "about": about, "fault": fault,
        "kinds": [(kind.value, kind.label) for kind in KINDS], "projects": _projects(user), "steward": user.is_staff,
        "reason": _(made.reason) if made.reason in known else made.reason,
        "importable": sum(table.get("records", 0) for table in made.preview)
        + sum(table.get("structures", 0) for table in made.preview),
    }  # fmt: skip


def _decide(request: HttpRequest, user: User, made: TableImport) -> HttpResponse:
    form, project = request.POST, None
    if slug := form.get("project", ""):
        project = next((one for one in _projects(user) if one.slug == slug), None)
        if project is None:
            raise Http404
    decisions = page.decisions_of(form, made)
    settled = _settled(made, decisions)
    about = {name: form.get(name, "") for name in (*TEXTS, "kind")}
    again = form.get("action") != "import" or not settled or about["title"].strip() != made.about.get("title", "")
    try:
        import_decide(
            made=made, scope=Scope.of(user), decisions=decisions, about=about, project=project, steward=user.is_staff,
            now=not again,
        )  # fmt: skip
    except ImportRefused as error:
        return render(request, "knowledge/wizard/import.html", _context(user, made, error.message), status=400)
    if again and form.get("action") == "import":
        messages.info(request, _("Something was changed: look at the rows once more, then import."))
    return redirect("knowledge:import", uid=made.pk)


def _settled(made: TableImport, decisions: dict[str, Any]) -> bool:
    """Whether the preview on the page already shows what the form says."""
    for table in made.preview:
        said = decisions.get(table.get("key", ""))
        if said is None:
            continue
        if said["skip"]:
            if table.get("records"):
                return False
            continue
        if said["topic"] != table.get("topic"):
            return False
        before = {column["name"]: (column["property"], column["unit"]) for column in table["columns"]}
        for name, chosen in said["columns"].items():
            if (chosen["property"], chosen["unit"]) != before[name]:
                return False
    return True


CHANGES: dict[str, Callable[..., None]] = {
    "cancel": import_cancel,
    "retry": import_retry,
    "remove": import_remove,
    "undo": import_take_back,
}


@require_POST
def change(request: HttpRequest, uid: str, action: str) -> HttpResponse:
    """Cancel it, try again, take it back, or remove it."""
    _user, made = _own(request, uid)
    if action not in CHANGES:
        raise Http404
    CHANGES[action](made=made)
    if action == "remove":
        messages.success(request, _("The import is removed from the list; its records stay."))
        return redirect("knowledge:imports")
    return redirect("knowledge:import", uid=uid)
