"""Tables of federated search: the databases that may be asked, what was asked, how far each is, and what came back."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

BREAKS = 3  # failures in a row, after which a database is left alone
REST = timedelta(minutes=5)


def new_uid() -> str:
    """An id that cannot be guessed from another."""
    return uuid.uuid4().hex[:20]


class Provider(models.Model):
    """A database that speaks OPTIMADE. Only those that an administrator listed here are ever asked."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    base_url = models.CharField(
        max_length=300, help_text="versioned or unversioned address, without a slash at its end"
    )
    licence = models.CharField(max_length=200, blank=True)
    citation = models.TextField(blank=True)
    enabled = models.BooleanField(default=True)
    failures = models.PositiveSmallIntegerField(default=0, help_text="in a row; the breaker opens at BREAKS")
    open_until = models.DateTimeField(
        null=True, blank=True, help_text="not asked before: it failed often, or asked for rest"
    )
    added = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class FederatedSearch(models.Model):
    """One question to this site and to several databases. It ends when every one of them has answered or given up."""

    uid = models.CharField(primary_key=True, max_length=20, default=new_uid)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    filter = models.TextField(help_text="OPTIMADE filter text")
    most = models.PositiveIntegerField(default=100, help_text="entries taken of each database")
    cancel_asked = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)
    ended = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.filter[:80]


class Part(models.Model):
    """How far one database is with one question. `provider` none = this site."""

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", _("waiting")
        ASKING = "asking", _("asking")
        ANSWERED = "answered", _("answered")
        LATE = "late", _("timed out")
        REFUSED = "refused", _("refused")
        RESTING = "resting", _("not asked now")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    search = models.ForeignKey(FederatedSearch, on_delete=models.CASCADE, related_name="parts")
    provider = models.ForeignKey(Provider, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    reason = models.TextField(blank=True, help_text="why there is nothing, or not all")
    asked = models.TextField(blank=True, help_text="the filter as it was put to this database")
    stated = models.BigIntegerField(null=True, blank=True, help_text="matches that the database says it has")
    found = models.PositiveIntegerField(default=0, help_text="entries that came and meet the filter")
    doubtful = models.PositiveIntegerField(default=0, help_text="entries that came and do not meet the filter")
    complaints = models.JSONField(default=list, help_text="what the database said that cannot be true")
    tries = models.PositiveSmallIntegerField(default=0)
    elapsed_ms = models.PositiveIntegerField(default=0)
    started = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.provider or 'local'}: {self.state}"

    @property
    def is_active(self) -> bool:
        """Whether it may still change by itself."""
        return self.state in (self.State.WAITING, self.State.ASKING)


class Found(models.Model):
    """One entry that a database gave, raw, with what it is merged by."""

    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="entries")
    entry_id = models.CharField(max_length=300)
    immutable_id = models.CharField(max_length=300, blank=True)
    formula = models.CharField(max_length=200, blank=True, help_text="reduced, as this site spells it")
    spacegroup = models.PositiveSmallIntegerField(null=True, blank=True)
    structure = models.PositiveSmallIntegerField(
        default=0, help_text="entries of one formula and group with this number match"
    )
    document = models.JSONField()
    pulled = models.CharField(max_length=24, blank=True, help_text="id of the record it became here")

    class Meta:
        ordering = ["formula", "spacegroup", "structure", "pk"]

    def __str__(self) -> str:
        return self.entry_id
