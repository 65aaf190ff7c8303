"""Imports through the pages: the files, what was understood and decided, how far it is, what came of it."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from eln.accounts.models import Project


def new_uid() -> str:
    """An id that cannot be guessed from another."""
    return uuid.uuid4().hex[:20]


class TableImport(models.Model):
    """Files of one person on their way into topics; the bytes lie in home()/imports/<uid>/files/."""

    class State(models.TextChoices):
        """How far it is. `ready`: read, and waiting for the person."""

        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        READY = "ready", _("ready to import")
        DONE = "done", _("imported")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")
        UNDONE = "undone", _("taken back")

    class Step(models.TextChoices):
        """What the process does next."""

        READ = "read", _("reading")
        IMPORT = "import", _("importing")
        UNDO = "undo", _("taking back")

    uid = models.CharField(primary_key=True, max_length=20, default=new_uid)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="table_imports")
    project = models.ForeignKey(Project, null=True, on_delete=models.SET_NULL, help_text="none = open to everybody")
    step = models.CharField(max_length=8, choices=Step.choices, default=Step.READ)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED, db_index=True)
    files = models.JSONField(default=list, help_text="names of the files")
    about = models.JSONField(default=dict, help_text="title, kind, licence, citation, url of the data set")
    decisions = models.JSONField(default=dict, help_text="per table: topic, skip, columns {name: {property, unit}}")
    preview = models.JSONField(default=list, help_text="per table: what it is taken for, and what an import would make")
    reports = models.JSONField(default=list, help_text="per file: what the import made of it")
    before = models.JSONField(default=dict, help_text="per data set: its imports before this one, for taking it back")
    imported = models.DateTimeField(null=True, help_text="when the import began to write")
    written = models.DateTimeField(null=True, help_text="when the import had written all")
    progress = models.FloatField(default=0)
    message = models.CharField(max_length=200, blank=True)
    reason = models.TextField(blank=True, help_text="why it failed, for people")
    cancel_asked = models.BooleanField(default=False)
    follower = models.CharField(max_length=80, blank=True, help_text="host:pid:start of the process that follows it")
    created = models.DateTimeField(auto_now_add=True)
    ended = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return ", ".join(self.files) or self.uid

    @property
    def is_active(self) -> bool:
        """Whether it may still change by itself."""
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def percent(self) -> int:
        """Progress for people."""
        return round(100 * self.progress)

    @property
    def can_undo(self) -> bool:
        """Whether it has written something that can be taken back."""
        return self.imported is not None and self.state in (self.State.DONE, self.State.CANCELLED, self.State.FAILED)

    @property
    def wrote_until(self) -> datetime | None:
        """When it had last written, as far as is known."""
        return self.written or self.ended
