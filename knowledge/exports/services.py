"""Writes of exports: ask for one, cancel, try again, remove; the runner writes the rest."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from eln.accounts.models import Project, User
from eln.accounts.scope import Scope
from ingest.feeds.services import feed_append
from ingest.home import home
from knowledge.exports.errors import ExportRefused, ExportState
from knowledge.exports.models import Export, Format
from knowledge.query.codec import to_json
from knowledge.query.executor import run
from knowledge.query.types import Query

FEED = "exports"
MOST_WAITING = 10
UNITS = ("header", "row", "none")
LAYOUTS = ("wide", "long")


def export_folder(uid: str) -> Path:
    """Where the files of an export lie."""
    return home() / "exports" / uid


def options_checked(options: Mapping[str, str]) -> dict[str, str]:
    """The options with their defaults. Raises ExportRefused."""
    units, layout = options.get("units") or UNITS[0], options.get("layout") or LAYOUTS[0]
    if units not in UNITS or layout not in LAYOUTS:
        told = _("units is one of %(units)s; layout is one of %(layouts)s.")
        raise ExportRefused(told % {"units": ", ".join(UNITS), "layouts": ", ".join(LAYOUTS)})
    return {"units": units, "layout": layout}


def export_create(
    *,
    owner: User,
    scope: Scope,
    query: Query,
    kind: str,
    options: Mapping[str, str] | None = None,
    title: str = "",
    project: Project | None = None,
    site: str = "",
) -> Export:
    """A job that writes all matches of the query, whatever page it names. Raises QueryError, ExportRefused.

    `project`: the project that the asking key is bound to; the job is bound to it too.
    """
    if kind not in Format.values:
        raise ExportRefused(
            _("There is no format “%(kind)s”: %(all)s.") % {"kind": kind[:20], "all": ", ".join(Format.values)}
        )
    chosen = options_checked(options or {})
    whole = replace(query, limit=50, offset=0, after=None, facets=(), aggregate=None, histograms=())
    run(replace(whole, limit=1), scope=scope)  # what cannot be asked is told now, not by a failed job
    active = Export.objects.filter(owner=owner, state__in=(Export.State.QUEUED, Export.State.RUNNING)).count()
    if active >= MOST_WAITING:
        raise ExportState(_("%(active)s exports of yours wait already: let them end first.") % {"active": active})
    with transaction.atomic():
        export = Export.objects.create(
            owner=owner, project=project, title=title.strip()[:200], query=to_json(whole), format=kind, options=chosen,
            site=site[:200],
        )  # fmt: skip
        feed_append(FEED, export.uid)
    return export


@transaction.atomic
def export_cancel(*, export: Export) -> None:
    """End it: at once while it waits, within a page when it runs. Raises ExportState when it is over."""
    if Export.objects.filter(pk=export.pk, state=Export.State.QUEUED).update(
        state=Export.State.CANCELLED, cancel_asked=True, ended=timezone.now()
    ):
        return
    if not Export.objects.filter(pk=export.pk, state=Export.State.RUNNING).update(cancel_asked=True):
        raise ExportState(_("This export is over: there is nothing to cancel."))


@transaction.atomic
def export_retry(*, export: Export) -> None:
    """The same question again, with the records and rights of now; the old file goes. Raises ExportState while it runs."""
    changed = Export.objects.filter(pk=export.pk).exclude(state__in=(Export.State.QUEUED, Export.State.RUNNING))
    if not changed.update(
        state=Export.State.QUEUED, progress=0, rows=0, reason="", cancel_asked=False, follower="", started=None,
        ended=None, expires=None, sha256="", size=0,
    ):  # fmt: skip
        raise ExportState(_("This export has not ended yet."))
    shutil.rmtree(export_folder(export.pk), ignore_errors=True)
    feed_append(FEED, export.pk)


def export_remove(*, export: Export) -> None:
    """Forget it, with its file. Raises ExportState while it runs."""
    with transaction.atomic():
        gone, _each = Export.objects.filter(pk=export.pk).exclude(state=Export.State.RUNNING).delete()
    if not gone:
        raise ExportState(_("This export is running: cancel it first."))
    shutil.rmtree(export_folder(export.pk), ignore_errors=True)


def exports_expire(*, now: datetime) -> int:
    """Remove the files whose time is over; the question stays and can be asked again. How many."""
    due = list(Export.objects.filter(state=Export.State.DONE, expires__lte=now).values_list("pk", flat=True)[:100])
    for uid in due:
        if Export.objects.filter(pk=uid, state=Export.State.DONE).update(state=Export.State.EXPIRED):
            shutil.rmtree(export_folder(uid), ignore_errors=True)
    return len(due)
