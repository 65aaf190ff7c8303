"""Checks of the records' quality: one run over a topic or over everything, and what it found."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from eln.accounts.models import User


class QualityRun(models.Model):
    """One pass over the records of a topic (empty = all). It shows how far it is, can be stopped, and says why it failed."""

    class State(models.TextChoices):
        """How far it is."""

        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    topic = models.CharField(max_length=60, blank=True, db_index=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED, db_index=True)
    asked_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    done = models.PositiveIntegerField(default=0, help_text="records looked at")
    total = models.PositiveIntegerField(default=0)
    cancel_asked = models.BooleanField(default=False)
    reason = models.TextField(blank=True, help_text="why it failed, for people")
    figures = models.JSONField(default=dict, help_text="coverage and comparisons, by topic and data set")
    created = models.DateTimeField(auto_now_add=True)
    follower = models.CharField(max_length=80, blank=True, help_text="host:pid:start of the process that does it")
    ended = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.topic or 'all topics'}: {self.state}"

    @property
    def is_active(self) -> bool:
        """Whether it may still change."""
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def percent(self) -> int:
        """Progress for people."""
        return round(100 * self.done / self.total) if self.total else 0


class Finding(models.Model):
    """One thing that a steward should look at. Derived: dropped and found anew by the next run over its topic."""

    class Kind(models.TextChoices):
        """What it is about."""

        CONFLICT = "conflict", _("sources disagree")
        REPEATED = "repeated", _("one source says two things")
        DUPLICATE = "duplicate", _("the same twice")
        COPY = "copy", _("copied from another source")
        OUTLIER = "outlier", _("far from all others")
        UNIT = "unit", _("looks like another unit")
        IMPOSSIBLE = "impossible", _("impossible value")
        LOST = "rejected", _("rejected")

    run = models.ForeignKey(QualityRun, on_delete=models.CASCADE, related_name="findings")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    topic = models.CharField(max_length=60)
    dataset = models.CharField(max_length=80, blank=True, help_text="slug of the data set complained about")
    other_dataset = models.CharField(max_length=80, blank=True)
    property = models.CharField(max_length=60, blank=True)
    formula = models.CharField(max_length=400, blank=True)
    spacegroup_number = models.PositiveSmallIntegerField(null=True, blank=True)
    record = models.CharField(max_length=24, blank=True)
    other_record = models.CharField(max_length=24, blank=True)
    value = models.CharField(max_length=200, blank=True)
    other_value = models.CharField(max_length=200, blank=True)
    unit = models.CharField(max_length=60, blank=True)
    detail = models.JSONField(default=dict, help_text="what the reason is worded from")
    size = models.FloatField(default=0, help_text="how bad; larger stands first")
    project_id = models.BigIntegerField(null=True, blank=True, help_text="the record's project; none = open")
    other_project_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["-size", "pk"]
        indexes = [models.Index(fields=["topic", "kind", "-size"], name="finding_listed")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.formula} {self.property}"
