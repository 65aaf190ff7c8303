"""Reads of exports: one belongs to the person who asked; its file only to whoever may read all projects that are in it."""

import json
from pathlib import Path
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from eln.accounts.models import User
from eln.accounts.scope import Scope
from knowledge.access.selectors import scope_bound
from knowledge.exports.errors import ExportState
from knowledge.exports.models import Export
from knowledge.exports.services import export_folder


def export_list(*, user: User, bound: int | None = None) -> QuerySet[Export]:
    """The person's exports, newest first; through a key `bound` to a project only those made for that project."""
    found = Export.objects.filter(owner=user)
    return found if bound is None else found.filter(project_id=bound)


def export_scope(export: Export) -> Scope:
    """What the export may read now: as its owner, within the project of the key that asked for it."""
    return scope_bound(Scope.of(export.owner), export.project_id)


def export_file(export: Export, *, scope: Scope) -> Path:
    """The finished file. Raises ExportState: not done, expired, or with records that may no longer be read."""
    path = export_folder(export.pk) / export.file_name
    if export.state != Export.State.DONE or not path.is_file():
        raise ExportState(_("This export has no file now (%(state)s).") % {"state": export.get_state_display()})
    if not all(scope.may_read(project) for project in export.projects):
        raise ExportState(_("The file holds records that you may no longer read: make the export again."))
    return path


def export_manifest(export: Export, *, scope: Scope) -> dict[str, Any]:  # Any: JSON
    """What the file holds, where it comes from, and how to cite it. Raises ExportState as for the file."""
    path = export_file(export, scope=scope).with_name("manifest.json")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
