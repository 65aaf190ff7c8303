"""What people decided about files, and what follows from it for the files to come."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from eln.accounts.models import User
from eln.entries.models import Attachment, Entry
from ingest.gateway.models import Instrument


class FilingRule(models.Model):
    """Files of an instrument whose names look alike are filed as a person once filed one of them."""

    class How(models.TextChoices):
        """How such a file finds its place."""

        TIME = "time", _("into the run that was going on at its time")
        SAMPLE = "sample", _("into the newest entry of the sample it names")
        NOT_DATA = "not_data", _("nowhere: it is no data")

    instrument = models.ForeignKey(Instrument, null=True, on_delete=models.CASCADE, related_name="filing_rules")
    pattern = models.CharField(max_length=400, help_text="of the file's name, digits as *")
    how = models.CharField(max_length=10, choices=How.choices)
    partner = models.ForeignKey(
        Instrument, null=True, on_delete=models.CASCADE, related_name="+", help_text="whose runs, where not its own"
    )
    person = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    active = models.BooleanField(default=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["instrument", "pattern"], name="filing_rule_pattern")]


class Decision(models.Model):
    """A person put a file somewhere or set it aside; rows are only ever added, an undone one says so."""

    class Action(models.TextChoices):
        """What was decided."""

        FILED = "filed"
        SET_ASIDE = "set_aside"

    group = models.CharField(max_length=32, help_text="decided at one stroke, undone at one stroke")
    attachment = models.ForeignKey(Attachment, on_delete=models.CASCADE, related_name="decisions")
    person = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    action = models.CharField(max_length=10, choices=Action.choices)
    before = models.ForeignKey(Entry, null=True, on_delete=models.SET_NULL, related_name="+")
    after = models.ForeignKey(Entry, null=True, on_delete=models.SET_NULL, related_name="+")
    rule = models.ForeignKey(FilingRule, null=True, on_delete=models.SET_NULL, related_name="decisions")
    created = models.DateTimeField(auto_now_add=True)
    undone = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["person", "-created"], name="decision_newest")]
