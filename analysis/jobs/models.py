"""Tables of jobs: what was asked, how far it is, how it ended."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from eln.accounts.models import User


def new_uid() -> str:
    """A short id that cannot be guessed from another."""
    return uuid.uuid4().hex[:16]


class Job(models.Model):
    """One training or one batch of predictions, in a process of its own. Its files lie in home()/jobs/<uid>/."""

    class Kind(models.TextChoices):
        """What it does."""

        TRAIN = "train", _("training")
        PREDICT = "predict", _("prediction")

    class State(models.TextChoices):
        """How far it is."""

        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    uid = models.CharField(primary_key=True, max_length=16, default=new_uid)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.TRAIN)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED, db_index=True)
    owner = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    title = models.CharField(max_length=200)
    order = models.JSONField(default=dict, help_text="trainer, params, seed, folds: what the process reads")
    origin = models.JSONField(default=dict, help_text="the query or the file the data came from")
    data_version = models.CharField(max_length=64, help_text="hash of exactly the data used")
    device = models.CharField(max_length=8, default="cpu")
    limits = models.JSONField(default=dict)
    progress = models.FloatField(default=0)
    message = models.CharField(max_length=200, blank=True)
    reason = models.TextField(blank=True, help_text="why it failed or ended, for people")
    cancel_asked = models.BooleanField(default=False)
    follower = models.CharField(max_length=80, blank=True, help_text="host:pid:start of the process that follows it")
    pid = models.PositiveIntegerField(null=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="retries")
    predictor = models.ForeignKey("Predictor", null=True, on_delete=models.CASCADE, related_name="predictions")
    created = models.DateTimeField(auto_now_add=True)
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.title

    @property
    def is_active(self) -> bool:
        """Whether it may still change."""
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def percent(self) -> int:
        """Progress for people."""
        return round(100 * self.progress)
