"""Where an instrument's entries belong, and what a person likes to watch of it."""

import json

from django.db import models

from eln.accounts.models import Project, User
from ingest.gateway.models import Instrument


class Placement(models.Model):
    """The project into which an instrument's runs and files go; who reads it may watch the instrument."""

    instrument = models.OneToOneField(Instrument, on_delete=models.CASCADE, related_name="placement")
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.PROTECT, related_name="+")


class Watching(models.Model):
    """How a person looks at an instrument: the channels drawn, the strips with a logarithmic axis, the length of the window."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="+")
    channels = models.JSONField(default=list, help_text="names; empty: chosen by the page")
    logs = models.JSONField(default=dict, help_text="{unit: true or false}; absent: chosen by the values")
    window_s = models.PositiveIntegerField(default=900)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "instrument"], name="watching_once")]

    @property
    def logs_json(self) -> str:
        """The chosen axes for the page's script."""
        return json.dumps(self.logs)
