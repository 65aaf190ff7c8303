"""Tables of exports: what was asked, how far it is, where the file is and how long it stays."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from eln.accounts.models import Project


def new_uid() -> str:
    """An id that cannot be guessed from another."""
    return uuid.uuid4().hex[:20]


class Format(models.TextChoices):
    """What file is made."""

    CSV = "csv", _("CSV table")
    JSONL = "jsonl", _("JSON lines, full records")
    PARQUET = "parquet", _("Parquet table")
    CIF = "cif-zip", _("ZIP of CIF structures")


class Export(models.Model):
    """The result of one Query as one file below home()/exports/<uid>/, with the rights of its owner when it runs."""

    class State(models.TextChoices):
        """How far it is."""

        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")
        EXPIRED = "expired", _("expired")

    uid = models.CharField(primary_key=True, max_length=20, default=new_uid)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="exports")
    project = models.ForeignKey(
        Project, null=True, on_delete=models.CASCADE, help_text="only this project and what is open: the key's bound"
    )
    title = models.CharField(max_length=200, blank=True)
    query = models.JSONField(help_text="the Query as JSON")
    format = models.CharField(max_length=8, choices=Format.choices)
    options = models.JSONField(default=dict, help_text="units: header, row or none; layout: wide or long")
    site = models.CharField(max_length=200, blank=True, help_text="address of the site, for the manifest")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED, db_index=True)
    progress = models.FloatField(default=0)
    rows = models.BigIntegerField(default=0, help_text="records written")
    reason = models.TextField(blank=True, help_text="why it failed, for people")
    cancel_asked = models.BooleanField(default=False)
    follower = models.CharField(max_length=80, blank=True, help_text="host:pid:start of the process that writes it")
    file_name = models.CharField(max_length=200, blank=True)
    size = models.BigIntegerField(default=0, help_text="bytes")
    sha256 = models.CharField(max_length=64, blank=True)
    projects = models.JSONField(default=list, help_text="projects whose records are in the file")
    created = models.DateTimeField(auto_now_add=True)
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    expires = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.title or self.uid

    @property
    def is_active(self) -> bool:
        """Whether it may still change by itself."""
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def percent(self) -> int:
        """Progress for people."""
        return round(100 * self.progress)
