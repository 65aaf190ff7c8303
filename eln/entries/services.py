"""Writes of entries by people: each change keeps what stood there before, and refuses to overwrite a newer one."""

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from eln.accounts.models import Project, User
from eln.accounts.scope import Scope
from eln.entries.models import Attachment, Comment, Entry, Revision
from eln.errors import EditConflict, ElnError, NotAllowed
from eln.samples.models import Sample
from ingest.feeds.services import feed_append
from ingest.gateway.models import Receipt

MAX_TEXT = 1_000_000


def entry_index(entry: Entry) -> None:
    """Refresh what search looks at; part of every write that changes it."""
    parts = [entry.title, entry.text, entry.technique, entry.who]
    if entry.sample:
        parts += [entry.sample.name, entry.sample.formula]
    if entry.instrument:
        parts += [entry.instrument.title, entry.instrument.title_zh, entry.instrument.slug]
    if entry.run:
        parts += [entry.run.recipe, *(str(step.get("name", "")) for step in entry.run.steps)]
    for attachment in entry.attachments.select_related("parsed"):
        parts.append(attachment.file_name)
        channels = attachment.parsed.document.get("channels", []) if attachment.parsed else []
        parts += [str(channel.get("name", "")) for channel in channels]
    parts += _run_channels(entry)
    Entry.objects.filter(pk=entry.pk).update(words=" \n".join(part for part in parts if part).lower())


def _run_channels(entry: Entry) -> list[str]:
    if entry.run is None:
        return []
    return list(entry.run.instrument.channels.values_list("name", flat=True).distinct())


def _allowed(scope: Scope, project_id: int | None) -> None:
    if not scope.may_write(project_id):
        raise NotAllowed(_("You may read this entry, but not change it."))


@transaction.atomic
def entry_create(
    *,
    scope: Scope,
    author: User,
    title: str,
    project: Project | None = None,
    sample: Sample | None = None,
    text: str = "",
) -> Entry:
    """An entry that a person writes. Raises ElnError, NotAllowed."""
    _allowed(scope, project.pk if project else None)
    title = title.replace("\0", "").strip()
    if not title or len(title) > 200:
        raise ElnError(_("An entry needs a title of at most 200 characters."))
    entry = Entry.objects.create(title=title, project=project, sample=sample, person=author, text=text)
    entry_index(entry)
    feed_append("entries", str(entry.pk))
    return entry


@transaction.atomic
def entry_edit(*, scope: Scope, author: User, entry: Entry, version: int, field: str, value: str) -> Entry:
    """Set `title` or `text`. `version` is what the person saw: EditConflict when somebody saved since."""
    _allowed(scope, entry.project_id)
    value = value.replace("\0", "")  # PostgreSQL stores no NUL
    value = value.strip() if field == "title" else value.replace("\r\n", "\n")
    if field not in ("title", "text"):
        raise ElnError(_("Only title and text can be edited here."))
    if field == "title" and not 0 < len(value) <= 200:
        raise ElnError(_("An entry needs a title of at most 200 characters."))
    if len(value) > MAX_TEXT:
        raise ElnError(_("The text is longer than a million characters; attach it as a file."))
    now = Entry.objects.get(pk=entry.pk)
    before = getattr(now, field)
    if before == value:
        return now
    return _changed(now, author, version, field, str(before), value, {field: value})


@transaction.atomic
def entry_sample(*, scope: Scope, author: User, entry: Entry, version: int, sample: Sample | None) -> Entry:
    """Link an entry to a sample, or to none."""
    _allowed(scope, entry.project_id)
    if sample is not None and not scope.may_read(sample.project_id):
        raise ElnError(_("There is no such sample in your projects."))
    now = Entry.objects.select_related("sample").get(pk=entry.pk)
    before = now.sample.name if now.sample else ""
    return _changed(now, author, version, "sample", before, sample.name if sample else "", {"sample": sample})


def _changed(
    now: Entry, author: User, version: int, field: str, before: str, after: str, values: dict[str, object]
) -> Entry:
    corrected = sorted({*now.corrected, field})
    done = Entry.objects.filter(pk=now.pk, version=version).update(
        version=F("version") + 1, corrected=corrected, **values
    )
    if not done:
        message = _(
            "Somebody else saved this entry while you were writing. Nothing was overwritten: compare and save again."
        )
        raise EditConflict(message, stored=before, version=now.version)
    Revision.objects.create(entry=now, version=version + 1, author=author, field=field, before=before, after=after)
    entry = Entry.objects.get(pk=now.pk)
    entry_index(entry)
    feed_append("entries", str(entry.pk))
    return entry


@transaction.atomic
def comment_add(*, scope: Scope, author: User, entry: Entry, text: str) -> Comment:
    """A remark by anybody who may read the entry."""
    if not scope.may_read(entry.project_id) or not text.strip():
        raise ElnError(_("Write something before you send."))
    return Comment.objects.create(entry=entry, author=author, text=text.replace("\0", "").strip()[:20_000])


@transaction.atomic
def attachment_assign(*, scope: Scope, attachment: Attachment, entry: Entry) -> Attachment:
    """Put a file of the inbox (or of another entry) into an entry."""
    _allowed(scope, attachment.project_id)
    _allowed(scope, entry.project_id)
    old = attachment.entry
    Attachment.objects.filter(pk=attachment.pk).update(entry=entry, project=entry.project, why="person")
    for changed in filter(None, (old, entry)):
        entry_index(changed)
        feed_append("entries", str(changed.pk))
    attachment.refresh_from_db()
    return attachment


@transaction.atomic
def attachment_to_new_entry(
    *, scope: Scope, author: User, attachment: Attachment, title: str, sample: Sample | None = None
) -> Entry:
    """A new entry made of one file, with the times and technique that the file states."""
    project = attachment.project
    entry = entry_create(
        scope=scope, author=author, title=title or attachment.file_name, project=project, sample=sample
    )
    parsed, receipt = attachment.parsed, Receipt.objects.get(pk=attachment.receipt_id)
    Entry.objects.filter(pk=entry.pk).update(
        technique=(parsed.technique or "") if parsed else "",
        started=parsed.started if parsed else None,
        ended=parsed.ended if parsed else None,
        instrument=receipt.instrument,
    )
    entry.refresh_from_db()
    attachment_assign(scope=scope, attachment=attachment, entry=entry)
    return entry
