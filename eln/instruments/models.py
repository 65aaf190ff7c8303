"""Where an instrument's entries belong."""

from django.db import models

from eln.accounts.models import Project
from ingest.gateway.models import Instrument


class Placement(models.Model):
    """The project into which an instrument's runs and files go; who reads it may watch the instrument."""

    instrument = models.OneToOneField(Instrument, on_delete=models.CASCADE, related_name="placement")
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
