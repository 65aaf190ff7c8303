"""Tables of webhooks: who wants to hear what, what was told, and every delivery with its outcome."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from eln.accounts.models import Project


def new_uid() -> str:
    """An id that cannot be guessed from another."""
    return uuid.uuid4().hex[:20]


class Event(models.TextChoices):
    """What can happen to a record."""

    CREATED = "record.created", _("a record is new")
    CHANGED = "record.changed", _("a record changed")
    WITHDRAWN = "record.withdrawn", _("a record was withdrawn")


PING = "ping"


class Webhook(models.Model):
    """An address that hears of records, with the rights of its owner at the time of each delivery."""

    uid = models.CharField(primary_key=True, max_length=20, default=new_uid)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks")
    project = models.ForeignKey(
        Project, null=True, on_delete=models.CASCADE, help_text="only this project and what is open: the key's bound"
    )
    name = models.CharField(max_length=120)
    url = models.CharField(max_length=1000)
    secret = models.CharField(max_length=80, help_text="signs deliveries; whsec_ and base64")
    topic = models.CharField(max_length=60, blank=True)
    filter = models.TextField(blank=True, help_text="filter text; empty = every record")
    events = models.JSONField(default=list, help_text="values of Event")
    active = models.BooleanField(default=True)
    disabled_reason = models.TextField(blank=True, help_text="why the site stopped delivering")
    failures = models.PositiveIntegerField(default=0, help_text="deliveries that failed in a row")
    failing_since = models.DateTimeField(null=True)
    next_attempt = models.DateTimeField(null=True, help_text="nothing is sent before")
    last_delivered = models.DateTimeField(null=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.name


class Told(models.Model):
    """The version of a record that an address was told last, so that it hears of each once."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="told")
    record = models.CharField(max_length=24)
    version = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["webhook", "record"], name="told_once")]


class Delivery(models.Model):
    """One message: up to a hundred events. What the records say is read when it is sent, with the rights of then."""

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("given up")
        EMPTY = "empty", _("nothing left to tell")

    uid = models.CharField(primary_key=True, max_length=20, default=new_uid)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    events = models.JSONField(default=list, help_text="[event, record, version]; empty = a test")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    status = models.PositiveSmallIntegerField(null=True, help_text="HTTP status of the last attempt")
    reason = models.TextField(blank=True, help_text="why the last attempt failed")
    elapsed_ms = models.FloatField(null=True)
    claimed_until = models.DateTimeField(null=True, help_text="another process sends it until then")
    created = models.DateTimeField(auto_now_add=True)
    sent = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created", "-pk"]
        indexes = [models.Index(fields=["webhook", "state", "created"], name="delivery_due")]
