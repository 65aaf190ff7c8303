"""Notebook entries, their files, their comments and the history of what people changed."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from eln.accounts.models import Project, User
from eln.samples.models import Sample
from ingest.gateway.models import Instrument, Receipt
from ingest.parsing.models import ParsedFile
from ingest.stream.models import Run


class Entry(models.Model):
    """One page of the notebook: a run that filed itself, or something a person wrote."""

    class State(models.TextChoices):
        """Whether it still goes on."""

        OPEN = "open", _("running")
        FINISHED = "finished", _("finished")

    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.PROTECT, related_name="entries")
    title = models.CharField(_("title"), max_length=200)
    technique = models.CharField(_("technique"), max_length=80, blank=True)
    instrument = models.ForeignKey(Instrument, null=True, blank=True, on_delete=models.PROTECT, related_name="entries")
    run = models.OneToOneField(Run, null=True, blank=True, on_delete=models.PROTECT, related_name="entry")
    sample = models.ForeignKey(Sample, null=True, blank=True, on_delete=models.PROTECT, related_name="entries")
    person = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="entries")
    person_name = models.CharField(
        max_length=120, blank=True, help_text="as the instrument said, where no account fits"
    )
    started = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.FINISHED)
    text = models.TextField(_("text"), blank=True)
    version = models.PositiveIntegerField(default=1, help_text="grows with every change a person makes")
    corrected = models.JSONField(default=list, help_text="fields a person set; stages leave them alone")
    words = models.TextField(blank=True, help_text="lower case: all that search looks at")
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["-started", "-id"], name="entry_newest"),
            models.Index(fields=["instrument", "started"], name="entry_window"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def who(self) -> str:
        """The person's name for a page."""
        return (self.person.get_full_name() or self.person.username) if self.person else self.person_name


class Revision(models.Model):
    """One change of one field by one person; rows are only ever added."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="revisions")
    version = models.PositiveIntegerField(help_text="of the entry after the change")
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    field = models.CharField(max_length=20)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "version"], name="revision_once")]


class Comment(models.Model):
    """A remark below an entry."""

    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    text = models.TextField()
    created = models.DateTimeField(auto_now_add=True)


FILED_BY = {
    "run": _("The sender named the run."),
    "time": _("It was written while this run was going on."),
    "sample": _("The sender or the file names this sample."),
    "person": _("A person put it here."),
    "rule": _("A person once put such a file of this instrument here; this one followed."),
    "place": _("It was written while this run was going on at the same place, and more speaks for it."),
    "unsure": _("Something speaks for an entry, but not enough to file it without you."),
    "not_data": _("A person said that such files are no data."),
    "run_unknown": _("The sender named a run that is not known yet; it moves when the run arrives."),
    "several": _("Several runs were going on at that time; please choose."),
    "no_time": _("It states neither a time nor a run, and no known sample."),
    "no_match": _("No run of this instrument was going on at that time, and no known sample is named."),
    "no_instrument": _("It came without an instrument, and no known sample is named."),
}


class Attachment(models.Model):
    """A raw file of an entry, or of the inbox while `entry` is none."""

    class Status(models.TextChoices):
        """What the parsers made of it."""

        PARSED = "parsed", _("read")
        KEPT = "kept", _("kept unread")
        WAITING = "waiting", _("waiting")

    entry = models.ForeignKey(Entry, null=True, blank=True, on_delete=models.PROTECT, related_name="attachments")
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    receipt = models.OneToOneField(Receipt, on_delete=models.PROTECT, related_name="attachment")
    parsed = models.ForeignKey(ParsedFile, null=True, blank=True, on_delete=models.SET_NULL, related_name="attachments")
    file_name = models.CharField(max_length=400)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    reason = models.TextField(blank=True, help_text="why it was kept unread")
    why = models.CharField(max_length=40, blank=True, help_text="why it lies where it lies: a key of FILED_BY")
    proposals = models.JSONField(default=list, help_text="[{entry, score, reasons}], the best first")
    set_aside = models.BooleanField(default=False, help_text="no data: out of the inbox, bytes kept")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["entry", "created"], name="attachment_inbox")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def why_text(self) -> str:
        """Why it lies where it lies, as a sentence."""
        return str(FILED_BY.get(self.why, ""))
