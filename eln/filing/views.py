"""The inbox: files that found no entry or that nobody could read, and what a person does with them."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from eln.accounts.models import User
from eln.accounts.scope import Scope
from eln.accounts.selectors import reader
from eln.entries.forms import whole
from eln.entries.models import Attachment, Entry
from eln.entries.selectors import attachment_list, entry_list, inbox_list
from eln.errors import ElnError
from eln.filing.decisions import files_assign, files_read_again, files_set_aside, files_to_new_entry, stroke_undo
from eln.filing.inbox import KINDS, rows, stroke_last
from eln.samples.selectors import sample_find, sample_list

PER_PAGE = 50


def _kind(found: QuerySet[Attachment], kind: str) -> QuerySet[Attachment]:
    if kind == "proposed":
        return found.exclude(proposals=[])
    if kind == "lost":
        return found.filter(proposals=[], status=Attachment.Status.PARSED)
    return found.filter(status=Attachment.Status.KEPT) if kind == "unread" else found


def inbox(request: HttpRequest) -> HttpResponse:
    """Files that wait for a person."""
    user = reader(request)
    scope = Scope.of(user)
    waiting = inbox_list(scope=scope)
    kind = request.GET.get("kind", "all")
    page = Paginator(_kind(waiting, kind), PER_PAGE).get_page(request.GET.get("page"))
    labels = {"all": _("All"), "proposed": _("With a proposal"), "lost": _("Without"), "unread": _("Kept unread")}
    context = {
        "page": page,
        "rows": rows(scope=scope, files=list(page.object_list)),
        "kinds": [(key, labels[key], _kind(waiting, key).count()) for key in KINDS],
        "kind": kind if kind in KINDS else "all",
        "query": f"kind={kind}" if kind in KINDS else "",
        "recent": entry_list(scope=scope)[:60],
        "samples": sample_list(scope=scope)[:100],
        "undo": stroke_last(user=user),
    }
    return render(request, "eln/inbox/inbox.html", context)


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """What a person did: accept a proposal, or something with all chosen files."""
    user = reader(request)
    scope = Scope.of(user)
    back = redirect(f"{request.POST.get('back') or '/inbox/'}") if _is_inbox(request) else redirect("eln:inbox")
    accepted = request.POST.get("accept", "")
    if accepted:
        file, _sign, entry = accepted.partition(":")
        files = list(attachment_list(scope=scope).filter(pk=whole(file) or 0))
        target = get_object_or_404(entry_list(scope=scope), pk=whole(entry))
        if not files:
            raise ElnError(_("Choose at least one file."))
        files_assign(scope=scope, author=user, files=files, entry=target)
        messages.success(request, _("{name} now belongs to {entry}.").format(name=files[0].file_name, entry=target))
        return back
    doing = request.POST.get("do", "")
    if doing == "undo":
        count = stroke_undo(scope=scope, author=user, group=request.POST.get("group", ""), now=timezone.now())
        said = ngettext("{count} file is back where it was.", "{count} files are back where they were.", count)
        messages.success(request, said.format(count=count))
        return back
    chosen = [whole(pk) for pk in request.POST.getlist("files")]
    files = list(attachment_list(scope=scope).filter(pk__in=[pk for pk in chosen if pk is not None]))
    if not files:
        raise ElnError(_("Choose at least one file."))
    messages.success(request, _done(request, scope, user, files, doing))
    return back


def _is_inbox(request: HttpRequest) -> bool:
    return request.POST.get("back", "").startswith("/inbox/")


def _done(request: HttpRequest, scope: Scope, user: User, files: list[Attachment], doing: str) -> str:
    """Do it to all files; the sentence that says so."""
    count = len(files)
    if doing == "aside":
        files_set_aside(scope=scope, author=user, files=files, remember="remember" in request.POST)
        said = ngettext("{count} file is set aside as no data.", "{count} files are set aside as no data.", count)
        return said.format(count=count)
    if doing == "again":
        files_read_again(scope=scope, files=files)
        said = ngettext("{count} file is being read again.", "{count} files are being read again.", count)
        return said.format(count=count)
    sample = request.POST.get("sample", "").strip()
    found = sample_find(scope=scope, name=sample) if sample else None
    if sample and found is None:
        raise ElnError(_("There is no such sample in your projects. Create it on the samples page first."))
    number = request.POST.get("entry", "").lstrip("#").strip()
    target: Entry | None = get_object_or_404(entry_list(scope=scope), pk=whole(number)) if number else None
    if target is None and found is not None and doing != "new":
        target = entry_list(scope=scope, sample=found).first()
    if target is None:
        title = request.POST.get("title", "").strip()
        target, _group = files_to_new_entry(scope=scope, author=user, files=files, title=title, sample=found)
    else:
        files_assign(scope=scope, author=user, files=files, entry=target)
    return ngettext("{count} file now belongs to {entry}.", "{count} files now belong to {entry}.", count).format(
        count=count, entry=target
    )
