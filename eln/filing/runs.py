"""Stage `eln.filing.runs`: a run that starts opens an entry; a run that closes finishes it."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from eln.accounts.models import Project, User
from eln.entries.models import Entry
from eln.entries.services import entry_index
from eln.filing.services import file_parsed, files_release, inbox_refile
from eln.instruments.models import Placement
from eln.samples.services import sample_ensure
from ingest.feeds.services import feed_append
from ingest.gateway.models import Instrument
from ingest.stream.models import Run


def project_of(instrument: Instrument | None) -> Project | None:
    """The project into which the entries of an instrument go."""
    if instrument is None:
        return None
    placement = Placement.objects.select_related("project").filter(instrument=instrument).first()
    return placement.project if placement else None


def facts(run: Run, entry: Entry | None, project: Project | None) -> dict[str, Any]:  # Any: values of Entry's fields
    """What the run says about its entry, without the fields that a person has corrected."""
    said = {
        "title": (run.title or run.recipe or run.uid)[:200],
        "sample": sample_ensure(name=run.sample, project=project),
        "technique": run.instrument.technique,
        "person": User.objects.filter(username=run.person).first() if run.person else None,
        "person_name": run.person,
        "started": run.started,
        "ended": run.ended,
        "state": Entry.State.FINISHED if run.state == Run.State.CLOSED else Entry.State.OPEN,
    }
    corrected = set(entry.corrected) if entry else set()
    return {field: value for field, value in said.items() if field not in corrected}


@transaction.atomic
def run_file(run: Run) -> Entry:
    """Bring the entry of a run up to date; the same run gives the same entry however often it is filed."""
    entry = Entry.objects.select_related("project").filter(run=run).first()
    project = entry.project if entry else project_of(run.instrument)
    said = facts(run, entry, project)
    if entry is None:
        entry = Entry.objects.create(run=run, instrument=run.instrument, project=project, **said)
    elif any(getattr(entry, field) != value for field, value in said.items()):
        Entry.objects.filter(pk=entry.pk).update(**said)
    entry = Entry.objects.get(pk=entry.pk)
    entry_index(entry)
    feed_append("entries", str(entry.pk))
    return entry


@transaction.atomic
def run_unfile(run: Run) -> None:
    """A run that was none: its entry goes, unless somebody wrote in it; files that lay there by time look for another place."""
    entry = Entry.objects.filter(run=run).first()
    if entry is None:
        return
    moved = files_release(entry)
    written = entry.text or entry.revisions.exists() or entry.comments.exists() or entry.attachments.exists()
    if written:
        Entry.objects.filter(pk=entry.pk).update(state=Entry.State.FINISHED)
    key = str(entry.pk)
    if not written:
        entry.delete()
    feed_append("entries", key)
    for attachment in moved:
        file_parsed(attachment)


class FileRuns:
    """Follows `runs`; key = uid."""

    name = "eln.filing.runs"
    feed = "runs"

    def process(self, keys: Sequence[str]) -> None:
        """File each run, then look into the inbox for what was waiting for it."""
        for run in Run.objects.select_related("instrument").filter(uid__in=keys):
            if run.withdrawn is None:
                inbox_refile(run_file(run))
            else:
                run_unfile(run)
