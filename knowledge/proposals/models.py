"""Notebook entries proposed for a topic, and what a person decided about each."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from eln.accounts.models import User
from eln.entries.models import Entry


class Proposal(models.Model):
    """One entry as a record of one topic to be. `draft` is what its data say, `edited` what a person made of it.

    `draft` and `edited` are {formula, spacegroup_number, values: [{property, value, unit, raw, column, method, conditions}]}.
    """

    class State(models.TextChoices):
        """What became of it."""

        PROPOSED = "proposed", _("to be decided")
        ACCEPTED = "accepted", _("accepted")
        DECLINED = "declined", _("declined")

    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="proposals")
    topic = models.CharField(max_length=60, db_index=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED, db_index=True)
    draft = models.JSONField(default=dict)
    edited = models.JSONField(default=dict, blank=True)
    failed = models.BooleanField(default=False, help_text="the experiment failed; its record says so")
    changed = models.BooleanField(default=False, help_text="the entry changed after the decision")
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    decided = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=400, blank=True, help_text="why it was declined")
    record = models.CharField(max_length=24, blank=True, db_index=True, help_text="the record it became")
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-updated"]
        constraints = [models.UniqueConstraint(fields=["entry", "topic"], name="proposal_once")]

    def __str__(self) -> str:
        return f"entry {self.entry_id} for {self.topic}"
