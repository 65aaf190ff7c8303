"""Test a file, see why it was read so, put it right; the gallery of formats and what was corrected."""

from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from eln.accounts.models import User
from eln.accounts.scope import Scope
from eln.accounts.selectors import reader
from eln.entries.selectors import attachment_list
from eln.errors import ElnError, NotAllowed
from eln.instruments.selectors import instrument_list, instrument_may_write
from eln.reading import formats as gallery
from eln.reading import page
from eln.reading.channels import channel_rows, channels_save
from eln.reading.services import hints_of, reading_save, reading_withdraw
from eln.reading.trials import (
    Trial,
    picture_path,
    reading_get,
    trial_drop,
    trial_get,
    trial_of_file,
    trial_open,
    trial_read,
)
from eln.upload.services import path_accept_as
from ingest.errors import BadInput
from ingest.gateway.models import Instrument
from ingest.mappings.models import Mapping
from ingest.mappings.selectors import mapping_list
from ingest.parsers.registry import loaded


def _instruments(user: User) -> list[Instrument]:
    scope = Scope.of(user)
    return [one for one in instrument_list(scope=scope) if instrument_may_write(scope=scope, instrument=one)]


def _instrument(user: User, slug: str) -> Instrument | None:
    return get_object_or_404(instrument_list(scope=Scope.of(user)), slug=slug) if slug else None


def _trial(user: User, key: str) -> Trial:
    """A person's own trial; that of a file of the notebook only while the person may read the file. Raises Http404."""
    found = trial_get(user=user, key=key)
    if found.attachment is not None:
        get_object_or_404(attachment_list(scope=Scope.of(user)), pk=found.attachment)
    return found


def test_file(request: HttpRequest) -> HttpResponse:
    """The form; on POST the file goes on trial and its page opens."""
    user = reader(request)
    if request.method != "POST":
        return render(request, "eln/reading/test_file.html", {"instruments": _instruments(user)})
    file: UploadedFile[Any] | None = request.FILES.get("file")
    if file is None:
        raise ElnError(_("Choose a file."))
    trial = trial_open(user=user, file=file, instrument=_instrument(user, request.POST.get("instrument", "")))
    return redirect("eln:trial", trial.key)


@require_POST
def file_reading(request: HttpRequest, pk: int) -> HttpResponse:
    """Try a file of the notebook again, to put its reading right."""
    user = reader(request)
    attachment = get_object_or_404(attachment_list(scope=Scope.of(user)).select_related("receipt"), pk=pk)
    return redirect("eln:trial", trial_of_file(user=user, attachment=attachment).key)


def _context(user: User, trial: Trial, reading: dict[str, Any], entered: QueryDict | None = None) -> dict[str, Any]:
    document = reading["document"]
    return {
        "trial": trial,
        "document": document,
        "considered": document.get("considered", []),
        "facts": page.facts(document),
        "header": page.header(document),
        "rows": page.rows(reading, entered),
        "hidden": max(0, len(document["channels"]) - page.SHOWN),
        "axes": list(reading["plots"]),
        "grid": reading.get("grid"),
        "hints": {key: (entered or reading["hints"]).get(key, "") for key in ("header_line",)},
        "options": [(key, choices, _chosen(key, reading, entered)) for key, choices in page.HINTS.items()],
        "quantities": page.quantity_choices(),
        "techniques": page.technique_choices(),
        "technique": entered.get("technique", "") if entered else document["technique"] or "",
        "zone": entered.get("time_zone", "") if entered else "",
        "instruments": _instruments(user),
        "chosen": trial.instrument,
        "steward": user.is_staff,
    }


def _chosen(key: str, reading: dict[str, Any], entered: QueryDict | None) -> str:
    if entered is not None:
        return str(entered.get(key, ""))
    value = reading["hints"].get(key)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def trial(request: HttpRequest, key: str) -> HttpResponse:
    """What was understood of the file; POST `action` again, save, keep or drop."""
    user = reader(request)
    found = _trial(user, key)
    if request.method != "POST":
        reading = reading_get(found)
        context = _context(user, found, reading) if reading else {"trial": found}
        return render(request, "eln/reading/trial.html", context)
    action = request.POST.get("action", "")
    if action == "drop":
        trial_drop(found)
        return redirect("eln:test-file")
    if action == "keep":
        return _keep(user, found, request.POST.get("instrument", ""))
    reading = reading_get(found) or trial_read(found)
    try:
        if action == "save":
            _save(request, user, found, reading)
            trial_read(found)
        else:
            trial_read(found, hints_of(request.POST))
    except BadInput as error:
        context = _context(user, found, reading, request.POST)
        return render(
            request,
            "eln/reading/trial.html",
            {**context, "faults": error.details.get("faults", [error.message])},
            status=400,
        )
    return redirect("eln:trial", key)


def _save(request: HttpRequest, user: User, found: Trial, reading: dict[str, Any]) -> None:
    everywhere = request.POST.get("instrument") == "*"
    instrument = None if everywhere else _instrument(user, request.POST.get("instrument", ""))
    if instrument is None and not everywhere:
        raise BadInput(_("Say for which instrument this holds."))
    _made, count = reading_save(user=user, trial=found, reading=reading, form=request.POST, instrument=instrument)
    said = ngettext("Remembered; %(n)d file is read again.", "Remembered; %(n)d files are read again.", count)
    messages.success(request, said % {"n": count})


def _keep(user: User, found: Trial, slug: str) -> HttpResponse:
    if found.attachment is not None:
        raise Http404
    instrument = None if slug in ("", "*") else _instrument(user, slug)
    if instrument is not None and not instrument_may_write(scope=Scope.of(user), instrument=instrument):
        raise NotAllowed(_("You may watch this instrument, but not file for it."))
    path_accept_as(path=found.path, name=found.name, person=user.username, instrument=instrument)
    trial_drop(found)
    return redirect("eln:upload")


@require_GET
def trial_reading(request: HttpRequest, key: str) -> HttpResponse:
    """The reading as a piece of the page; reads the file when it was not read yet."""
    user = reader(request)
    found = _trial(user, key)
    reading = reading_get(found) or trial_read(found)
    return render(request, "eln/reading/reading.html", _context(user, found, reading))


@require_GET
def trial_plot(request: HttpRequest, key: str) -> JsonResponse:
    """Columns over one axis, for <lab-plot>."""
    plots = (reading_get(_trial(reader(request), key)) or {"plots": {}})["plots"]
    axis = request.GET.get("axis", "")
    if axis not in plots:
        raise Http404
    return JsonResponse(plots[axis])


@require_GET
def trial_picture(request: HttpRequest, key: str) -> FileResponse:
    """The first image or map of a file on trial as PNG."""
    path = picture_path(_trial(reader(request), key))
    if not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), content_type="image/png", headers={"Cache-Control": "private, no-store"})


@require_GET
def formats(request: HttpRequest) -> HttpResponse:
    """Parsers, techniques and quantities as installed."""
    reader(request)
    context = {
        "formats": gallery.formats(),
        "techniques": gallery.technique_cards(),
        "quantities": gallery.quantity_rows(),
        "kinds": gallery.kept_kinds(),
        "broken": loaded().broken,
    }
    return render(request, "eln/reading/formats.html", context)


@require_GET
def mappings(request: HttpRequest) -> HttpResponse:
    """Corrections in force for instruments the reader may watch."""
    user = reader(request)
    seen = {one.pk for one in instrument_list(scope=Scope.of(user))}
    mine = {one.pk for one in _instruments(user)}
    found = [one for one in mapping_list()[:1000] if one.instrument_id is None or one.instrument_id in seen]
    lines = [(one, user.is_staff if one.instrument_id is None else one.instrument_id in mine) for one in found]
    for mapping, may in lines:
        if not may and mapping.person != user.username:
            mapping.file_name = ""  # the file itself may lie in a project that this reader does not see
    return render(request, "eln/reading/mappings.html", {"mappings": lines})


@require_POST
def mapping_forget(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw a correction."""
    user = reader(request)
    found = get_object_or_404(Mapping.objects.select_related("instrument"), pk=pk, withdrawn=None)
    if found.instrument is not None:
        get_object_or_404(instrument_list(scope=Scope.of(user)), pk=found.instrument_id)
    count = reading_withdraw(user=user, mapping=found)
    said = ngettext("Withdrawn; %(n)d file is read again.", "Withdrawn; %(n)d files are read again.", count)
    messages.success(request, said % {"n": count})
    return redirect("eln:mappings")


def channels(request: HttpRequest, slug: str) -> HttpResponse:
    """What an instrument's live channels measure, and the form to put it right."""
    user = reader(request)
    scope = Scope.of(user)
    found = get_object_or_404(instrument_list(scope=scope), slug=slug)
    context: dict[str, Any] = {
        "instrument": found,
        "may_write": instrument_may_write(scope=scope, instrument=found),
        "quantities": page.quantity_choices(),
    }
    if request.method != "POST":
        return render(request, "eln/reading/channels.html", {**context, "rows": channel_rows(found)})
    try:
        count = channels_save(user=user, instrument=found, form=request.POST)
    except BadInput as error:
        context |= {"rows": channel_rows(found, request.POST), "faults": error.details.get("faults", [error.message])}
        return render(request, "eln/reading/channels.html", context, status=400)
    said = ngettext("Remembered for %(n)d channel.", "Remembered for %(n)d channels.", count)
    messages.success(request, said % {"n": count})
    return redirect("eln:channels", slug)
