"""Writes of imports through the pages: hand files over, decide, cancel, try again, take back, remove."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from eln.accounts.models import Project, User
from eln.accounts.scope import Scope
from ingest.contract.envelope import name_clean
from ingest.feeds.services import feed_append
from ingest.home import home
from knowledge.errors import KnowledgeError
from knowledge.imports.models import Import
from knowledge.records.models import Dataset, Kind
from knowledge.wizard.models import TableImport

FEED = "table_imports"
MOST_FILES = 200
TEXTS = {"title": 200, "licence": 200, "citation": 4000, "url": 400}
Active = (TableImport.State.QUEUED, TableImport.State.RUNNING)


class ImportRefused(KnowledgeError):
    """What was handed over or decided cannot be imported so."""

    code = "import_refused"
    status = 400


class ImportState(KnowledgeError):
    """The import is not in a state for this."""

    code = "import_state"
    status = 409


def import_folder(uid: str) -> Path:
    """Where the files of an import lie."""
    return home() / "imports" / uid / "files"


def import_open(*, owner: User, files: Iterable["UploadedFile[Any]"]) -> TableImport:
    """Keep the files and have them read. Raises ImportRefused."""
    given = list(files)
    if not given:
        raise ImportRefused(_("Choose a file."))
    if len(given) > MOST_FILES or sum(file.size or 0 for file in given) > settings.KNOWLEDGE.import_bytes:
        told = _("At most %(files)s files and %(size)s MiB at once: import a folder with manage.py import_topics.")
        raise ImportRefused(told % {"files": MOST_FILES, "size": settings.KNOWLEDGE.import_bytes // 2**20})
    made = TableImport(owner=owner)
    folder = import_folder(made.uid)
    folder.mkdir(parents=True)
    for file in given:
        name = _name(folder, name_clean(Path(file.name or "table").name))
        with (folder / name).open("wb") as target:
            for piece in file.chunks():
                target.write(piece)
        made.files.append(name)
    with transaction.atomic():
        made.save(force_insert=True)
        feed_append(FEED, made.uid)
    return made


def _name(folder: Path, name: str) -> str:
    """A name that no other file of the import has."""
    stem, dot, ending = name.partition(".")
    number = 2
    while (folder / name).exists():
        name, number = f"{stem}-{number}{dot}{ending}", number + 1
    return name


def _requeue(made: TableImport, step: TableImport.Step, allowed: Iterable[str], **fields: Any) -> None:
    with transaction.atomic():
        changed = TableImport.objects.filter(pk=made.pk, state__in=list(allowed)).update(
            state=TableImport.State.QUEUED, step=step, progress=0, message="", reason="", cancel_asked=False, follower="",
            ended=None, **fields,
        )  # fmt: skip
        if not changed:
            raise ImportState(_("This import cannot be changed now: reload the page."))
        feed_append(FEED, made.pk)


def import_decide(
    *,
    made: TableImport,
    scope: Scope,
    decisions: Mapping[str, Any],
    about: Mapping[str, str],
    project: Project | None,
    steward: bool,
    now: bool,
) -> None:
    """Remember what the person said; read again, or with `now` import. Raises ImportRefused, ImportState.

    Only a steward imports data that everybody reads; others into a project they may write.
    """
    said = {name: about.get(name, "").strip()[:most] for name, most in TEXTS.items()}
    kind = about.get("kind") or Kind.LITERATURE
    if kind not in (Kind.LITERATURE, Kind.COMPUTATION, Kind.MEASUREMENT):
        raise ImportRefused(_("Say whether the values are measured, computed or from the literature."))
    allowed = scope.may_write(project.pk) if project else steward
    if not allowed:
        raise ImportRefused(_("Choose a project that you may write; only a steward imports data for everybody."))
    if now:
        _targets_checked(made, scope, project, steward)
    _requeue(
        made,
        TableImport.Step.IMPORT if now else TableImport.Step.READ,
        (TableImport.State.READY, TableImport.State.FAILED, TableImport.State.CANCELLED),
        decisions=dict(decisions), about=said | {"kind": str(kind)}, project=project,
    )  # fmt: skip


def _targets_checked(made: TableImport, scope: Scope, project: Project | None, steward: bool) -> None:
    """Raises ImportRefused where a data set of this name is somebody else's."""
    slugs = {table["dataset"] for table in made.preview if table.get("dataset")}
    for dataset in Dataset.objects.filter(slug__in=slugs):
        mine = scope.may_write(dataset.project_id) if dataset.project_id else steward
        if not mine or (dataset.project_id != (project.pk if project else None)):
            told = _("A data set “%(slug)s” exists already and is not of this project: give yours another title.")
            raise ImportRefused(told % {"slug": dataset.slug})


@transaction.atomic
def import_cancel(*, made: TableImport) -> None:
    """End it: at once while it waits, within a second when it runs. Raises ImportState when it is over."""
    if TableImport.objects.filter(pk=made.pk, state=TableImport.State.QUEUED).update(
        state=TableImport.State.CANCELLED, cancel_asked=True, ended=timezone.now()
    ):
        return
    if not TableImport.objects.filter(pk=made.pk, state=TableImport.State.RUNNING).update(cancel_asked=True):
        raise ImportState(_("This import is over: there is nothing to cancel."))


def import_retry(*, made: TableImport) -> None:
    """The same step again. Raises ImportState unless it failed or was cancelled."""
    _requeue(made, TableImport.Step(made.step), (TableImport.State.FAILED, TableImport.State.CANCELLED))


def import_take_back(*, made: TableImport) -> None:
    """Have what it wrote undone. Raises ImportState where it wrote nothing, or where a later import stands on it."""
    if not made.can_undo:
        raise ImportState(_("This import has written nothing that could be taken back."))
    later = Import.objects.filter(dataset__slug__in=made.before, updated__gt=made.wrote_until or timezone.now())
    if made.step == TableImport.Step.IMPORT and (newer := later.select_related("dataset").first()) is not None:
        told = _("“%(title)s” was imported again later: take that import back first.")
        raise ImportState(told % {"title": newer.dataset.title})
    ended = (TableImport.State.DONE, TableImport.State.CANCELLED, TableImport.State.FAILED)
    _requeue(made, TableImport.Step.UNDO, ended, written=made.wrote_until)


def import_remove(*, made: TableImport) -> None:
    """Forget it with its files; what it imported stays. Raises ImportState while it runs."""
    with transaction.atomic():
        gone, _each = TableImport.objects.filter(pk=made.pk).exclude(state=TableImport.State.RUNNING).delete()
    if not gone:
        raise ImportState(_("This import is running: cancel it first."))
    shutil.rmtree(import_folder(made.pk).parent, ignore_errors=True)
