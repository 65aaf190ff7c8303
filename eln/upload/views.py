"""The upload page: several files, each with its result; what becomes of a file is polled from its receipt."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from eln.accounts.models import User
from eln.accounts.scope import Scope
from eln.accounts.selectors import project_chosen, projects_writable, reader
from eln.entries.forms import whole
from eln.entries.models import Attachment
from eln.entries.selectors import attachment_list, entry_list
from eln.errors import ElnError, NotAllowed
from eln.instruments.selectors import instrument_list, instrument_may_write
from eln.upload.services import upload_accept
from ingest.gateway.models import Receipt


def _facts(request: HttpRequest, user: User) -> dict[str, object]:
    """Where the person wants the files, each choice checked against their rights."""
    scope = Scope.of(user)
    slug, number = request.POST.get("instrument", ""), request.POST.get("entry", "")
    project = project_chosen(scope=scope, slug=request.POST.get("project", ""))
    if slug:
        found = get_object_or_404(instrument_list(scope=scope), slug=slug)
        if not instrument_may_write(scope=scope, instrument=found):
            raise NotAllowed(_("You may watch this instrument, but not file for it."))
    entry = get_object_or_404(entry_list(scope=scope), pk=whole(number)) if number else None
    if entry is not None and not scope.may_write(entry.project_id):
        raise NotAllowed(_("You may read this entry, but not change it."))
    return {
        "person": user.username,
        "instrument": slug or None,
        "sample": request.POST.get("sample", ""),
        "project": project.slug if project else (entry.project.slug if entry and entry.project else ""),
        "entry": entry.pk if entry else None,
    }


def upload(request: HttpRequest) -> HttpResponse:
    """The form; on POST each file gets a receipt at once and its result later."""
    user = reader(request)
    if request.method != "POST":
        scope = Scope.of(user)
        context = {
            "instruments": instrument_list(scope=scope),
            "projects": projects_writable(scope=scope),
            "entry": request.GET.get("entry", ""),
            "receipts": _mine(user).order_by("-received")[:20],
        }
        return render(request, "eln/upload.html", context)
    files: list[UploadedFile[Any]] = request.FILES.getlist("files")
    if not files:
        raise ElnError(_("Choose at least one file."))
    facts = _facts(request, user)
    receipts = [upload_accept(file=file, **facts) for file in files]
    if request.headers.get("HX-Request"):
        return render(request, "eln/receipt.html", {"receipt": receipts[0]})
    return redirect("eln:upload")


def _mine(user: User) -> QuerySet[Receipt]:
    return Receipt.objects.filter(source="upload page", person=user.username).select_related("attachment")


def receipt(request: HttpRequest, pk: str) -> HttpResponse:
    """What became of one file: waiting, filed, in the inbox, kept unread."""
    user = reader(request)
    found = get_object_or_404(_mine(user), pk=pk)
    attachment: Attachment | None = attachment_list(scope=Scope.of(user)).filter(receipt=found).first()
    return render(request, "eln/receipt.html", {"receipt": found, "attachment": attachment})
