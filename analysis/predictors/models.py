"""Table of the model store: what was trained, where its files are, what they must hash to."""

from django.db import models

from analysis.jobs.models import Job, new_uid
from eln.accounts.models import User


class Predictor(models.Model):
    """A trained model. Its files lie in home()/models/<uid>/; `files` is the SHA-256 of each."""

    uid = models.CharField(primary_key=True, max_length=16, default=new_uid)
    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="made")
    owner = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    title = models.CharField(max_length=200)
    target = models.CharField(max_length=120)
    unit = models.CharField(max_length=40, blank=True)
    task = models.CharField(max_length=16)
    topic = models.CharField(max_length=60, blank=True)
    trainer = models.CharField(max_length=60)
    usable = models.BooleanField(default=True, help_text="better than the trivial model on held-out rows")
    score = models.FloatField(help_text="mean absolute error, or balanced accuracy, over held-out folds")
    baseline = models.FloatField()
    card = models.JSONField(default=dict)
    files = models.JSONField(default=dict)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.title
